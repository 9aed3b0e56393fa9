import * as z from "zod";
import { RULES } from "../rule.ts";

/** A schema as a CustomResourceDefinition holds it: of OpenAPI v3 the part that makes it structural. */
export interface StructuralSchema {
  readonly type: "object" | "array" | "string" | "integer" | "boolean";
  readonly description?: string;
  readonly properties?: Readonly<Record<string, StructuralSchema>>;
  readonly additionalProperties?: StructuralSchema;
  readonly required?: readonly string[];
  readonly items?: StructuralSchema;
  readonly default?: unknown;
  readonly enum?: readonly string[];
  readonly format?: "int32" | "int64" | "date-time";
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly pattern?: string;
  readonly minItems?: number;
  readonly "x-kubernetes-list-type"?: "atomic" | "map";
  readonly "x-kubernetes-list-map-keys"?: readonly string[];
  readonly "x-kubernetes-map-type"?: "atomic";
  readonly "x-kubernetes-validations"?: readonly { readonly rule: string; readonly message: string }[];
}

/**
 * `stored`: those that an API server fills in; `effective`: also how Herald reads a field that is absent, unless that
 * is as empty as absence.
 */
export type Defaults = "stored" | "effective";

/** What an API server takes for a zod schema of a definition. */
export function structuralSchema(schema: z.core.$ZodType, defaults: Defaults): StructuralSchema {
  const { $schema: _, ...json } = z.toJSONSchema(schema, {
    io: "input",
    override: ({ zodSchema, jsonSchema }) => adapt(zodSchema, jsonSchema, defaults),
  });
  return json as unknown as StructuralSchema;
}

const MODELS: Readonly<Record<string, readonly [number, number]>> = {
  safeint: [Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER],
  int32: [-(2 ** 31), 2 ** 31 - 1],
};

/** Takes away what only JSON Schema knows, and adds what only Kubernetes knows. */
function adapt(schema: z.core.$ZodType, json: z.core.JSONSchema.BaseSchema, defaults: Defaults): void {
  delete json.propertyNames;
  if (schema instanceof z.ZodObject) {
    delete json.additionalProperties;
    if (isEmpty(json.properties)) delete json.properties;
  }
  if (schema instanceof z.ZodPrefault && (defaults === "stored" || isEmpty(json.default))) delete json.default;
  if (schema instanceof z.ZodNumber) {
    const { format } = schema;
    const [least, greatest] = MODELS[format ?? ""] ?? [];
    if (json.minimum === least) delete json.minimum;
    if (json.maximum === greatest) delete json.maximum;
    if (format === "int32") json.format = format;
  }
  // An API server checks the format itself.
  if (json.format === "date-time") delete json.pattern;
  if (json.pattern !== undefined) json.pattern = json.pattern.replaceAll("\\/", "/");
  const rules = RULES.get(schema)?.rules.map(({ rule, message }) => ({ rule, message }));
  if (rules) json["x-kubernetes-validations"] = rules;
}

function isEmpty(json: unknown): boolean {
  return json === "" || json === 0 || (typeof json === "object" && Object.keys(json ?? {}).length === 0);
}
