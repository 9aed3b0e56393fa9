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

/** An object as the API server sends it: plain JSON, without `managedFields`. Only its name, namespace, uid and version are checked. */
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

/** The object, with `defaults` for what it lacks. @throws KubeError if it has no identity */
export function readObject(
  value: unknown,
  defaults: { readonly apiVersion?: string; readonly kind?: string } = {},
): KubeObject {
  const { metadata: given, ...fields } = fieldsOf(value);
  const { managedFields: _, ...metadata } = fieldsOf(given);
  const { name, namespace = "", uid, resourceVersion } = metadata;
  if (![name, namespace, uid, resourceVersion].every((part) => typeof part === "string")) {
    throw unreadable("an object without name, uid or resourceVersion");
  }
  return { ...defaults, ...fields, metadata: metadata as KubeMetadata };
}

/** The error for an answer that is not what an API server sends. */
export function unreadable(what: string): KubeError {
  return new KubeError(`unreadable answer: ${what}`, { status: 0, reason: "Unreadable" });
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The fields of a parsed object, none of them checked; none if it is something else. */
export function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  return isRecord(value) ? value : {};
}
