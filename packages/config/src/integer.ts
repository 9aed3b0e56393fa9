import * as z from "zod";

/** A whole number of 64 bits, as far as JavaScript can tell them apart. */
export const int64 = (): z.ZodInt => z.int().meta({ format: "int64" });

/** Puts bounds on a whole number, with one message for both. */
export function between<Schema extends z.ZodNumber>(schema: Schema, min: number, max: number): Schema {
  const message = `must be ${min} to ${max}`;
  return schema.min(min, message).max(max, message);
}
