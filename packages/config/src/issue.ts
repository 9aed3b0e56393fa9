import type { z } from "zod";
import { formatPath } from "./field-path.ts";
import type { Problem } from "./problem.ts";

/** Says in plain words what zod found; a schema's own words come first. */
export function toProblem(issue: z.core.$ZodIssue): Problem {
  const below = issue.code === "unrecognized_keys" ? issue.keys.slice(0, 1) : [];
  return { path: formatPath([...issue.path, ...below]), message: issue.message, code: "invalidField" };
}

/** Words for the issues that schemas leave to zod. */
export function describeIssue(issue: z.core.$ZodRawIssue): string | undefined {
  if (issue.code === "unrecognized_keys") return "there is no such field; correct its name or remove it";
  if (issue.code !== "invalid_type") return undefined;
  const expected = WORDS[issue.expected] ?? issue.expected;
  return issue.input === undefined
    ? `is required: it must be ${expected}`
    : `must be ${expected}, not ${show(issue.input)}`;
}

const WORDS: Readonly<Record<string, string>> = {
  string: "a string",
  number: "a number",
  int: "a whole number",
  boolean: "true or false",
  array: "a list",
  object: "a map of fields",
  record: "a map of strings",
};

function show(input: unknown): string {
  if (Array.isArray(input)) return "a list";
  if (typeof input === "object") return "a map";
  return typeof input === "string" ? JSON.stringify(input.slice(0, 50)) : String(input);
}
