import * as z from "zod";
import { type FieldPath, formatPath } from "./field-path.ts";
import { innerSchema } from "./inner-schema.ts";
import { nearest } from "./nearest.ts";
import type { Problem } from "./problem.ts";

/** A warning for each field that the schema does not have, with the nearest one it has. */
export function unknownFields(schema: z.core.$ZodType, json: unknown, path: FieldPath): Problem[] {
  const inner = taken(schema);
  if (inner instanceof z.ZodArray && Array.isArray(json)) {
    return json.flatMap((item, i) => unknownFields(inner.element, item, [...path, i]));
  }
  // A strict object refuses them itself.
  if (!(inner instanceof z.ZodObject) || inner.def.catchall || typeof json !== "object" || json === null) return [];
  const known = Object.keys(inner.shape);
  return Object.entries(json).flatMap(([key, value]): Problem[] => {
    if (Object.hasOwn(inner.shape, key)) return unknownFields(inner.shape[key], value, [...path, key]);
    const message = `there is no such field, so it has no effect; did you mean ${nearest(key, known)}?`;
    return [{ path: formatPath([...path, key]), message, code: "unknownField" }];
  });
}

/** What the schema of a field, or the conversion from another version, takes in. */
function taken(schema: z.core.$ZodType): z.core.$ZodType {
  return schema instanceof z.ZodPipe ? taken(schema.in) : innerSchema(schema);
}
