import { type CustomResourceDefinition, crds } from "@heraldlb/config/crd";
import { formatManifests } from "@heraldlb/files";
import { type Format, formatTable } from "./format.ts";

const CRDS: readonly CustomResourceDefinition[] = crds();

/** The kinds of `metallb.io`. */
export const CRD_KINDS: readonly string[] = CRDS.map(({ spec }) => spec.names.kind);

/** The definitions of some kinds, of all if none is named. As YAML and JSON they are ready for `kubectl apply`. */
export function printCrds(kinds: readonly string[], format: Format): string {
  const chosen = CRDS.filter(({ spec }) => kinds.length === 0 || kinds.includes(spec.names.kind));
  if (format === "yaml") return formatManifests(chosen);
  if (format === "json") {
    const [only, ...more] = chosen;
    const printed = only && more.length === 0 ? only : { apiVersion: "v1", kind: "List", items: chosen };
    return `${JSON.stringify(printed, undefined, 2)}\n`;
  }
  const rows = chosen.map(({ metadata, spec }) => {
    const versions = spec.versions.map(({ name }) => name).join(",");
    return [metadata.name, spec.names.kind, versions, spec.scope];
  });
  return formatTable([["NAME", "KIND", "VERSIONS", "SCOPE"], ...rows]);
}
