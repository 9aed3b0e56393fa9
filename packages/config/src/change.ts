import * as z from "zod";
import { type FieldPath, formatPath } from "./field-path.ts";
import { innerSchema } from "./inner-schema.ts";
import { METALLB_KINDS } from "./metallb-kinds.ts";
import type { Problem } from "./problem.ts";
import type { Resource } from "./resource.ts";
import { RULES } from "./rule.ts";

/** What an API server refuses of a change to an object: fields that, once set, stay as they are. */
export function changeProblems(before: Resource, after: Resource): Problem[] {
  const definition = METALLB_KINDS.find(({ kind }) => kind === after.kind);
  const stored = definition?.versions[0];
  return stored ? visit(stored.schema, [before, after], []) : [];
}

function visit(schema: z.core.$ZodType, [oldSelf, self]: readonly [unknown, unknown], path: FieldPath): Problem[] {
  if (oldSelf === undefined || self === undefined) return [];
  const inner = innerSchema(schema);
  const rules = RULES.get(inner)?.rules ?? [];
  const own = rules
    .filter((rule) => "allows" in rule && !rule.allows(oldSelf, self))
    .map(({ message }): Problem => ({ path: formatPath(path), message, code: "invalidField" }));
  if (!(inner instanceof z.ZodObject)) return own;
  const below = Object.entries(inner.shape).flatMap(([key, field]) =>
    visit(field, [fieldOf(oldSelf, key), fieldOf(self, key)], [...path, key]),
  );
  return [...own, ...below];
}

function fieldOf(object: unknown, key: string): unknown {
  return (object as Readonly<Record<string, unknown>>)[key];
}
