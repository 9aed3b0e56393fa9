import { readResource } from "./read.ts";

/** Where each error of an object is, and what it says. */
export type Wrong = readonly (readonly [path: string, message: string])[];

/** The errors of one object by itself. */
export function problems(json: unknown): Wrong {
  const outcome = readResource(json, { defaultNamespace: "herald" });
  return outcome.type === "invalid" ? outcome.problems.map(({ path, message }) => [path, message]) : [];
}
