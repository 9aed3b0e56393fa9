import { z } from "zod";

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
