import type { Labels } from "@heraldlb/labels";
import { annotationWarnings } from "./annotation.ts";
import { checkResource } from "./check.ts";
import { describeIssue, toProblem } from "./issue.ts";
import { isJsonObject, type JsonObject, withoutNulls } from "./json.ts";
import { type KnownVersion, kindsOfGroup, knownKind } from "./kind.ts";
import { checkMetadata } from "./metadata.ts";
import { nearest } from "./nearest.ts";
import type { ObjectId, Problem, ProblemCode } from "./problem.ts";
import { readableService } from "./readable-service.ts";
import type { ReadOutcome, Resource } from "./resource.ts";
import type { Service } from "./service.ts";
import { unknownFields } from "./unknown-field.ts";

/** What a JSON object does not say itself. */
export interface ReadContext {
  /** The namespace of namespaced objects that name none. */
  readonly defaultNamespace: string;
}

/** Turns JSON into a typed resource with its defaults filled in, or says what is wrong with it. Never throws. */
export function readResource(json: unknown, { defaultNamespace }: ReadContext): ReadOutcome {
  if (!isJsonObject(json)) return invalid(undefined, [whole("notAnObject", "is no Kubernetes object: write a map")]);
  const { apiVersion, kind } = json;
  if (typeof apiVersion !== "string" || apiVersion === "") return invalid(undefined, [missing("apiVersion")]);
  if (typeof kind !== "string" || kind === "") return invalid(undefined, [missing("kind")]);
  const slash = apiVersion.lastIndexOf("/");
  const [group, version] = [apiVersion.slice(0, Math.max(slash, 0)), apiVersion.slice(slash + 1)];
  const known = knownKind(group, kind);
  if (!known) return readUnknown(json, { group, kind, defaultNamespace });
  const id = idOf(json, kind, known.namespaced ? defaultNamespace : undefined);
  const knownVersion = known.versions.find(({ name }) => name === version);
  if (!knownVersion) {
    const preferred = `${apiVersion.slice(0, slash + 1)}${known.versions[0]?.name}`;
    const message = `${kind} has no version "${version}"; write "${preferred}"`;
    return invalid(id, [{ path: "apiVersion", message, code: "unknownVersion" }]);
  }
  const pruned = withoutNulls(json);
  if (!pruned) return invalid(id, [whole("invalidField", "is nested too deeply; no Kubernetes object is")]);
  return parse(pruned, knownVersion, { id, defaultNamespace: known.namespaced ? defaultNamespace : undefined });
}

interface ParseContext {
  readonly id: ObjectId | undefined;
  /** Undefined: the kind has no namespaces. */
  readonly defaultNamespace: string | undefined;
}

function parse(json: JsonObject, version: KnownVersion, { id, defaultNamespace }: ParseContext): ReadOutcome {
  const parsed = version.schema.safeParse(json, { error: describeIssue });
  const warnings = [...deprecations(version), ...unknownIn(json, version)];
  if (!parsed.success) {
    const readable = id?.kind === "Service" ? readableService(json) : undefined;
    return invalid(id, parsed.error.issues.map(toProblem), {
      ...{ warnings, labels: labelsIn(json), bfdProfile: bfdProfileIn(json) },
      // Its name decides about places where it is kept.
      readable:
        readable && checkMetadata(readable.metadata).length === 0 ? inNamespace(readable, defaultNamespace) : undefined,
    });
  }
  const resource = inNamespace(parsed.data, defaultNamespace);
  const problems = [...checkMetadata(resource.metadata), ...checkResource(resource)];
  const all = [...warnings, ...annotationWarnings(resource.kind, resource.metadata.annotations)];
  if (problems.length === 0) return { type: "resource", resource, warnings: all };
  const { labels } = resource.metadata;
  return invalid(id, problems, { warnings: all, labels, bfdProfile: bfdProfileIn(json) });
}

function deprecations({ deprecation }: KnownVersion): Problem[] {
  return deprecation === undefined ? [] : [{ path: "apiVersion", message: deprecation, code: "deprecatedVersion" }];
}

function unknownIn(json: JsonObject, { schema, unread }: KnownVersion): Problem[] {
  if (!unread) return [];
  const read = Object.entries(json).filter(([key]) => key !== "metadata" && !unread.includes(key));
  return unknownFields(schema, Object.fromEntries(read), []);
}

/** Fills in the default namespace; undefined: the kind has none, whatever the object says. */
function inNamespace<R extends Resource>(resource: R, defaultNamespace: string | undefined): R {
  const namespace = defaultNamespace === undefined ? "" : resource.metadata.namespace || defaultNamespace;
  return { ...resource, metadata: { ...resource.metadata, namespace } };
}

function idOf({ metadata }: JsonObject, kind: string, defaultNamespace: string | undefined): ObjectId | undefined {
  if (!isJsonObject(metadata)) return undefined;
  const { name, namespace } = metadata;
  if (typeof name !== "string" || name === "") return undefined;
  if (defaultNamespace === undefined) return { kind, namespace: "", name };
  return { kind, namespace: typeof namespace === "string" && namespace ? namespace : defaultNamespace, name };
}

function readUnknown(
  json: JsonObject,
  { group, kind, defaultNamespace }: ReadContext & { readonly group: string; readonly kind: string },
): ReadOutcome {
  const id = idOf(json, kind, defaultNamespace);
  const isExtras = group === "" && kind === "ConfigMap" && id?.name === "bgpextras";
  if (isExtras) return { type: "ignored", reason: "bgpExtras", id, warnings: [EXTRAS_IGNORED] };
  const message = unknownKindMessage(group, kind);
  return { type: "ignored", reason: "unknownKind", id, warnings: [{ path: "kind", message, code: "unknownKind" }] };
}

/** MetalLB appends this ConfigMap to the configuration of FRR. */
const EXTRAS_IGNORED: Problem = {
  path: "",
  message:
    "bgpextras is ignored: it configures FRR, which Herald does without; say it in a BGPPeer or BGPAdvertisement",
  code: "noEffect",
};

function unknownKindMessage(group: string, kind: string): string {
  const siblings = kindsOfGroup(group);
  if (group !== "metallb.io") return `Herald does not read ${group ? `${group} ` : ""}${kind}; it has no effect`;
  return `there is no ${kind} in metallb.io; did you mean ${nearest(kind, siblings)}?`;
}

interface InvalidParts {
  readonly warnings?: readonly Problem[];
  readonly labels?: Labels;
  readonly readable?: Service | undefined;
  readonly bfdProfile?: string | undefined;
}

function invalid(
  id: ObjectId | undefined,
  problems: readonly Problem[],
  { warnings = [], labels = {}, readable, bfdProfile }: InvalidParts = {},
): ReadOutcome {
  const parts = { ...(readable && { readable }), ...(bfdProfile && { bfdProfile }) };
  return { type: "invalid", id, labels, problems, warnings, ...parts };
}

function labelsIn({ metadata }: JsonObject): Labels {
  const { labels } = isJsonObject(metadata) ? metadata : {};
  const entries = isJsonObject(labels) ? Object.entries(labels) : [];
  return Object.fromEntries(entries.filter((entry): entry is [string, string] => typeof entry[1] === "string"));
}

function bfdProfileIn({ kind, spec }: JsonObject): string | undefined {
  const { bfdProfile } = kind === "BGPPeer" && isJsonObject(spec) ? spec : {};
  return typeof bfdProfile === "string" ? bfdProfile : undefined;
}

function whole(code: ProblemCode, message: string): Problem {
  return { path: "", message, code };
}

function missing(path: string): Problem {
  return { path, message: `is required: it must be a string`, code: "invalidField" };
}
