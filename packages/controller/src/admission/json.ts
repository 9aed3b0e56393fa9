import { DecodeError } from "@heraldlb/net";

/** An object with fields. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** Whether it is an object with fields, and no list. */
export function isObject(json: unknown): json is JsonObject {
  return typeof json === "object" && json !== null && !Array.isArray(json);
}

/** The object at a field. @throws DecodeError if there is none */
export function objectAt(json: JsonObject, key: string): JsonObject {
  const value = json[key];
  if (!isObject(value)) throw new DecodeError("malformed", `${key} must be a map of fields`);
  return value;
}

/** The string at a field; empty if there is none. @throws DecodeError if something else stands there */
export function textAt(json: JsonObject, key: string): string {
  const value = json[key] ?? "";
  if (typeof value !== "string") throw new DecodeError("malformed", `${key} must be a string`);
  return value;
}

/** What a review asks: its `request`. @throws DecodeError if it is no such review, or has no `uid` to answer to */
export function requestOf(review: unknown, { apiVersion, kind }: ReviewKind): JsonObject {
  const found: JsonObject = isObject(review) ? review : {};
  if (!isKind(found, { apiVersion, kind })) {
    throw new DecodeError("unsupported", `must be a ${kind} of ${apiVersion}`);
  }
  const request = objectAt(found, "request");
  if (textAt(request, "uid") === "") throw new DecodeError("malformed", "uid must not be empty");
  return request;
}

function isKind({ apiVersion, kind }: JsonObject, wanted: ReviewKind): boolean {
  return apiVersion === wanted.apiVersion && kind === wanted.kind;
}

/** What an API server calls a question to a webhook. */
export interface ReviewKind {
  readonly apiVersion: string;
  readonly kind: string;
}
