import type * as z from "zod";
import { formatPath } from "./field-path.ts";
import type { Problem } from "./problem.ts";

/** Says in plain words what zod found; a schema's own words come first. */
export function toProblem(issue: z.core.$ZodIssue): Problem {
  const below = issue.code === "unrecognized_keys" ? issue.keys.slice(0, 1) : [];
  const message = issue.code === "invalid_type" && isSecret(issue.path) ? must(issue.expected) : issue.message;
  return { path: formatPath([...issue.path, ...below]), message, code: "invalidField" };
}

/** Words for the issues that schemas leave to zod. */
export function describeIssue(issue: z.core.$ZodRawIssue): string | undefined {
  switch (issue.code) {
    case "unrecognized_keys":
      return "there is no such field; correct its name or remove it";
    case "invalid_type": {
      const words = must(issue.expected);
      return issue.input === undefined ? `is required: it ${words}` : `${words}, not ${show(issue.input)}`;
    }
    case "invalid_value":
      return `must be ${issue.values.map(show).join(" or ")}${issue.input === undefined ? "" : `, not ${show(issue.input)}`}`;
    case "too_small":
      return `must be at least ${issue.minimum}${UNITS[issue.origin] ?? ""}`;
    case "too_big":
      return `must be at most ${issue.maximum}${UNITS[issue.origin] ?? ""}`;
    case "invalid_format":
      return issue.format === "datetime"
        ? 'is no time; write for example "2026-01-31T12:00:00Z"'
        : `must match ${issue.pattern ?? issue.format}`;
    default:
      return undefined;
  }
}

/** Passwords, and what Secrets hold, must not be shown. */
function isSecret(path: readonly PropertyKey[]): boolean {
  return path.includes("password") || path[0] === "data" || path[0] === "stringData";
}

function must(expected: string): string {
  return `must be ${WORDS[expected] ?? expected}`;
}

const UNITS: Readonly<Record<string, string>> = { string: " characters", array: " items" };

const WORDS: Readonly<Record<string, string>> = {
  string: "a string",
  number: "a whole number",
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
