// ES2026 (Node has it since 21), which TypeScript's library does not know yet.
const { rawJSON } = JSON as typeof JSON & { rawJSON(text: string): unknown };

/** The value with every bigint as a number that JSON.stringify writes to the last digit. */
export function exactJson(value: unknown): unknown {
  return mapBigints(value, (number) => rawJSON(String(number)));
}

/** The value as JSON.parse would read it back: a bigint becomes the nearest number, and `undefined` fields go. */
export function readBack(value: unknown): unknown {
  return mapBigints(value, Number);
}

function mapBigints(value: unknown, map: (number: bigint) => unknown): unknown {
  if (typeof value === "bigint") return map(value);
  if (Array.isArray(value)) return value.map((item) => mapBigints(item, map));
  if (typeof value !== "object" || value === null) return value;
  const fields = Object.entries(value).filter(([, field]) => field !== undefined);
  return Object.fromEntries(fields.map(([key, field]) => [key, mapBigints(field, map)]));
}
