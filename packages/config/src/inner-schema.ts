import * as z from "zod";

/** What is inside a schema that only makes a field optional or gives it a default. */
export function innerSchema(schema: z.core.$ZodType): z.core.$ZodType {
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault) {
    return innerSchema(schema.unwrap());
  }
  return schema;
}
