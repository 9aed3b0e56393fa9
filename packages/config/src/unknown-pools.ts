import type { InForce, ObjectProblem } from "./configuration.ts";
import { formatPath } from "./field-path.ts";
import { objectId, type Resource } from "./resource.ts";

/** Warns of advertisements that name pools which are not in force. */
export function unknownPools(inForce: Iterable<InForce>): ObjectProblem[] {
  const resources = Array.from(inForce);
  const pools = new Set(resources.filter(isPool).map(({ resource }) => resource.metadata.name));
  return resources.flatMap(({ resource, origin }) => {
    if (resource.kind !== "L2Advertisement") return [];
    return resource.spec.ipAddressPools.flatMap((name, i): ObjectProblem[] => {
      if (pools.has(name)) return [];
      const path = formatPath(["spec", "ipAddressPools", i]);
      const message = `no pool "${name}" is in force; the name has no effect`;
      return [{ path, message, code: "unknownReference", severity: "warning", id: objectId(resource), origin }];
    });
  });
}

function isPool({ resource }: { readonly resource: Resource }): boolean {
  return resource.kind === "IPAddressPool";
}
