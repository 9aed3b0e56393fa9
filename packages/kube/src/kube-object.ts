import { KubeError } from "./kube-error.ts";

/** Metadata of an object. */
export interface KubeMetadata {
  readonly name: string;
  readonly namespace?: string;
  readonly uid: string;
  readonly resourceVersion: string;
  readonly generation?: number;
  readonly creationTimestamp?: string;
  readonly deletionTimestamp?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly finalizers?: readonly string[];
  readonly [field: string]: unknown;
}

/** An object as the API server sends it: plain JSON, without `managedFields`. Only name, uid and version are checked. */
export interface KubeObject {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly metadata: KubeMetadata;
  readonly [field: string]: unknown;
}

/** `namespace/name`, or `name` of an object outside namespaces. */
export function keyOf({ metadata: { namespace, name } }: KubeObject): string {
  return namespace ? `${namespace}/${name}` : name;
}

/** Takes a parsed object over, and drops its `managedFields`. @throws KubeError if it has no identity */
export function adoptObject(
  value: unknown,
  defaults: { readonly apiVersion?: string | undefined; readonly kind?: string | undefined } = {},
): KubeObject {
  const metadata = isRecord(value) ? value["metadata"] : undefined;
  if (
    !isRecord(value) ||
    !isRecord(metadata) ||
    typeof metadata["name"] !== "string" ||
    typeof metadata["uid"] !== "string" ||
    typeof metadata["resourceVersion"] !== "string"
  ) {
    throw unreadable("an object without name, uid or resourceVersion");
  }
  delete metadata["managedFields"];
  if (defaults.apiVersion !== undefined) value["apiVersion"] ??= defaults.apiVersion;
  if (defaults.kind !== undefined) value["kind"] ??= defaults.kind;
  return value as unknown as KubeObject;
}

/** The error for an answer that is not what an API server sends. */
export function unreadable(what: string): KubeError {
  return new KubeError(`unreadable answer: ${what}`, { status: 0, reason: "Unreadable" });
}

/** Whether it is an object, of JSON's kind. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
