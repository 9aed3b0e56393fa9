const DEEPEST = 100;

/** An object with fields. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** Whether it is an object with fields, and no list. */
export function isJsonObject(json: unknown): json is JsonObject {
  return typeof json === "object" && json !== null && !Array.isArray(json);
}

/**
 * A copy in which fields that are null are absent, as an API server takes them. Undefined if it is nested more deeply
 * than any resource is.
 */
export function withoutNulls(json: JsonObject): JsonObject | undefined {
  try {
    return prune(json, DEEPEST) as JsonObject;
  } catch (error) {
    if (error === TOO_DEEP) return undefined;
    throw error;
  }
}

const TOO_DEEP: unique symbol = Symbol("too deep");

function prune(json: unknown, depth: number): unknown {
  if (typeof json !== "object" || json === null) return json;
  if (depth === 0) throw TOO_DEEP;
  if (Array.isArray(json)) return json.map((item) => prune(item, depth - 1));
  const kept = Object.entries(json).filter(([, value]) => value !== null);
  return Object.fromEntries(kept.map(([key, value]) => [key, prune(value, depth - 1)]));
}
