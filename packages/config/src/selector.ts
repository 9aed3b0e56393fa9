import { parseSelector, type Selector } from "@heraldlb/labels";
import { z } from "zod";
import type { Immutable } from "./metadata.ts";

/** A Kubernetes LabelSelector. It is strict: with a misspelt field ignored it would match everything. */
export const labelSelector = z
  .strictObject({
    matchLabels: z.record(z.string(), z.string()).optional(),
    matchExpressions: z
      .array(z.strictObject({ key: z.string(), operator: z.string(), values: z.array(z.string()).optional() }))
      .optional(),
  })
  .describe("A label query: matchLabels and matchExpressions are ANDed; an empty one matches everything.");

/** A Kubernetes LabelSelector as JSON. */
export type SelectorJson = Immutable<z.output<typeof labelSelector>>;

/** The selector of a resource that `readResource` accepted, ready to match. Throws `TypeError` for an invalid one. */
export function toSelector(json: SelectorJson): Selector {
  const selector = parseSelector(json);
  if ("problems" in selector) throw new TypeError(`an invalid selector: ${selector.problems[0]?.message}`);
  return selector;
}
