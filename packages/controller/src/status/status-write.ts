import { isDeepStrictEqual } from "node:util";
import { datedConditions, otherConditions } from "./conditions.ts";
import type { DesiredCondition, DesiredStatus } from "./desired-status.ts";
import { exactJson, readBack } from "./exact-json.ts";
import { collectionPath, factsOf, objectPath, type StatusTarget } from "./status-kind.ts";

/** An object as an API server tells of it. */
export interface StatusObject {
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string | undefined;
    readonly uid: string;
    readonly resourceVersion: string;
    readonly labels?: Readonly<Record<string, string>> | undefined;
  };
  readonly status?: unknown;
}

/** A request that brings an object nearer to what it should be. */
export interface StatusWrite {
  readonly method: "POST" | "PATCH" | "DELETE";
  readonly path: string;
  readonly contentType?: "application/merge-patch+json";
  readonly body: unknown;
}

/** What there is, and what there should be: "gone": no such object; undefined: nobody cares. */
export interface StatusGap {
  readonly desired: DesiredStatus | "gone" | undefined;
  readonly observed: StatusObject | undefined;
}

/**
 * The next request, or undefined if all is as it should be. Each one fails unless the object is still as observed.
 *
 * @param now - milliseconds since 1970, for conditions
 */
export function nextWrite(
  target: StatusTarget,
  { desired, observed }: StatusGap,
  now: number,
): StatusWrite | undefined {
  const { owned } = factsOf(target.kind);
  if (desired === undefined) return undefined;
  if (desired === "gone") return observed && owned ? deletion(target, observed) : undefined;
  if (!observed) return owned ? creation(target, desired) : undefined;
  if (owned && !mayBecome(target, desired.status, fieldsOf(observed.status))) return deletion(target, observed);
  return labelPatch(target, desired, observed) ?? statusPatch(target, desired, { observed, now });
}

function creation(target: StatusTarget, { labels }: DesiredStatus): StatusWrite {
  const { kind, namespace, name } = target;
  const { apiVersion } = factsOf(kind);
  // An API server leaves the status out: it takes another request.
  const body = { apiVersion, kind, metadata: { name, namespace, ...(labels && { labels }) } };
  return { method: "POST", path: collectionPath(target), body };
}

function deletion(target: StatusTarget, { metadata: { uid } }: StatusObject): StatusWrite {
  const body = { apiVersion: "v1", kind: "DeleteOptions", preconditions: { uid } };
  return { method: "DELETE", path: objectPath(target), body };
}

function mayBecome(
  { kind }: StatusTarget,
  desired: DesiredStatus["status"],
  observed: Readonly<Record<string, unknown>>,
): boolean {
  return factsOf(kind).immutable.every((field) => observed[field] === undefined || observed[field] === desired[field]);
}

function labelPatch(target: StatusTarget, { labels = {} }: DesiredStatus, observed: StatusObject) {
  const { resourceVersion, labels: before } = observed.metadata;
  if (Object.entries(labels).every(([key, value]) => before?.[key] === value)) return undefined;
  return patch(objectPath(target), { metadata: { resourceVersion, labels } });
}

function statusPatch(
  target: StatusTarget,
  desired: DesiredStatus,
  { observed, now }: { readonly observed: StatusObject; readonly now: number },
): StatusWrite | undefined {
  const before = fieldsOf(observed.status);
  const after = statusOf(target, desired, { before, now });
  const changed = Object.entries(after).filter(([key, value]) => !isDeepStrictEqual(readBack(value), before[key]));
  const extra = factsOf(target.kind).owned ? Object.keys(before).filter((key) => !Object.hasOwn(after, key)) : [];
  if (changed.length + extra.length === 0) return undefined;
  const { resourceVersion } = observed.metadata;
  // `null` takes a field away (RFC 7396).
  const status = { ...Object.fromEntries(changed), ...Object.fromEntries(extra.map((key) => [key, null])) };
  return patch(`${objectPath(target)}/status`, { metadata: { resourceVersion }, status: exactJson(status) });
}

function statusOf(
  { kind }: StatusTarget,
  { status, conditionTypes = [] }: DesiredStatus,
  { before, now }: { readonly before: Readonly<Record<string, unknown>>; readonly now: number },
): Readonly<Record<string, unknown>> {
  const { conditions: desired, ...fields } = status;
  if (desired === undefined) return fields;
  const { conditions: observed } = before;
  // That is what the type of `status` asks for.
  const own = datedConditions(desired as readonly DesiredCondition[], observed, now);
  const all = factsOf(kind).owned ? own : [...otherConditions(observed, conditionTypes), ...own];
  // An empty list and none are the same.
  return all.length === 0 && observed === undefined ? fields : { ...fields, conditions: all };
}

function patch(path: string, body: unknown): StatusWrite {
  return { method: "PATCH", path, contentType: "application/merge-patch+json", body };
}

function fieldsOf(status: unknown): Readonly<Record<string, unknown>> {
  return typeof status === "object" && status !== null ? { ...status } : {};
}
