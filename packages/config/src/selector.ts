import { parseSelector, type Selector } from "@heraldlb/labels";
import * as z from "zod";
import type { Immutable } from "./metadata.ts";

const ATOMIC_LIST = { "x-kubernetes-list-type": "atomic" };

const expression = z.strictObject({
  key: z.string().describe("Key of the label."),
  operator: z.string().describe("In, NotIn, Exists or DoesNotExist."),
  values: z
    .array(z.string())
    .meta(ATOMIC_LIST)
    .optional()
    .describe("Values of the label: at least one for In and NotIn, none for the others."),
});

/** A Kubernetes LabelSelector. It is strict: with a misspelt field ignored it would match everything. */
export const labelSelector = z
  .strictObject({
    matchLabels: z.record(z.string(), z.string()).optional().describe("Labels that must have these values."),
    matchExpressions: z
      .array(expression)
      .meta(ATOMIC_LIST)
      .optional()
      .describe("Conditions on labels, all of which must hold."),
  })
  .meta({ "x-kubernetes-map-type": "atomic" })
  .describe("A label query: matchLabels and matchExpressions are ANDed; an empty one matches everything.");

/** A Kubernetes LabelSelector as JSON. */
export type SelectorJson = Immutable<z.output<typeof labelSelector>>;

/** The selector of a resource that `readResource` accepted, ready to match. Throws `TypeError` for an invalid one. */
export function toSelector(json: SelectorJson): Selector {
  const selector = parseSelector(json);
  if ("problems" in selector) throw new TypeError(`an invalid selector: ${selector.problems[0]?.message}`);
  return selector;
}
