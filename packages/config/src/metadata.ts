import * as z from "zod";
import type { Problem } from "./problem.ts";

/** Turns what zod infers into data that nobody changes. */
export type Immutable<T> = T extends readonly (infer Item)[]
  ? readonly Immutable<Item>[]
  : T extends object
    ? { readonly [Key in keyof T]: Immutable<T[Key]> }
    : T;

/** The part of `metadata` that Herald reads. */
export const metadata = z.object({
  name: z.string().min(1, "must not be empty: give the object a name"),
  namespace: z.string().default(""),
  labels: z.record(z.string(), z.string()).default({}),
  annotations: z.record(z.string(), z.string()).default({}),
  creationTimestamp: z.string().optional(),
});

/** `metadata` of a resource; `namespace` is empty for kinds without one. */
export type Metadata = Immutable<z.output<typeof metadata>>;

const LABEL = "[a-z0-9](?:[-a-z0-9]*[a-z0-9])?";
const SUBDOMAIN = new RegExp(`^(?=.{1,253}$)${LABEL}(?:\\.${LABEL})*$`);
const NAMESPACE = new RegExp(`^(?=.{0,63}$)(?:${LABEL})?$`);

/** Names that an API server would refuse; one of them could reach outside a folder. */
export function checkMetadata({ name, namespace }: Metadata): Problem[] {
  const rule = "lower-case letters, digits and '-', a letter or digit at both ends";
  const problems: Problem[] = [];
  if (!SUBDOMAIN.test(name)) {
    const message = `"${name}" is no name; write at most 253 ${rule} (also of each part between dots)`;
    problems.push({ path: "metadata.name", message, code: "invalidField" });
  }
  if (!NAMESPACE.test(namespace)) {
    const message = `"${namespace}" is no namespace; write at most 63 ${rule}`;
    problems.push({ path: "metadata.namespace", message, code: "invalidField" });
  }
  return problems;
}
