import { keyProblem, valueProblem } from "./name.ts";
import type { Requirement, Selector } from "./selector.ts";

/** What is wrong with one field of a LabelSelector. */
export interface SelectorProblem {
  /** Below the selector, as in `matchExpressions[0].values[1]`; empty for the selector itself. */
  readonly path: string;
  readonly message: string;
}

/** A LabelSelector that Kubernetes would refuse, with every reason. */
export interface InvalidSelector {
  readonly problems: readonly SelectorProblem[];
}

type Report = (path: string, message: string) => void;

/**
 * Reads a Kubernetes LabelSelector (`matchLabels`, `matchExpressions`) from parsed JSON or YAML. `null` fields count as
 * absent, as in Kubernetes; unknown fields are problems, since a misspelt selector would match everything.
 */
export function parseSelector(json: unknown): Selector | InvalidSelector {
  const problems: SelectorProblem[] = [];
  const report: Report = (path, message) => void problems.push({ path, message });
  const requirements = isObject(json) ? parseFields(json, report) : [];
  if (!isObject(json)) report("", "must be an object");
  return problems.length > 0 ? { problems } : { requirements };
}

function parseFields(json: Readonly<Record<string, unknown>>, report: Report): Requirement[] {
  const { matchLabels, matchExpressions, ...others } = json;
  for (const field of Object.keys(others)) report(field, "unknown field");
  return [...parseLabels(matchLabels ?? {}, report), ...parseExpressions(matchExpressions ?? [], report)];
}

function parseLabels(labels: unknown, report: Report): Requirement[] {
  if (!isObject(labels)) {
    report("matchLabels", "must be an object");
    return [];
  }
  return Object.entries(labels).map(([key, value]) => {
    const path = `matchLabels[${key}]`;
    checkKey(key, path, report);
    return { operator: "In", key, values: [checkValue(value, path, report)] };
  });
}

function parseExpressions(expressions: unknown, report: Report): Requirement[] {
  if (!Array.isArray(expressions)) {
    report("matchExpressions", "must be a list");
    return [];
  }
  return expressions.flatMap((expression: unknown, i) => {
    const requirement = parseExpression(expression, `matchExpressions[${i}]`, report);
    return requirement ? [requirement] : [];
  });
}

function parseExpression(expression: unknown, path: string, report: Report): Requirement | undefined {
  if (!isObject(expression)) {
    report(path, "must be an object");
    return undefined;
  }
  const { key, operator, values: given, ...others } = expression;
  for (const field of Object.keys(others)) report(`${path}.${field}`, "unknown field");
  if (typeof key !== "string") {
    report(`${path}.key`, "must be a string");
    return undefined;
  }
  checkKey(key, `${path}.key`, report);
  const values = parseValues(given ?? [], `${path}.values`, report);
  switch (operator) {
    case "In":
    case "NotIn":
      if (values?.length === 0) report(`${path}.values`, `must not be empty with ${operator}`);
      return { operator, key, values: values ?? [] };
    case "Exists":
    case "DoesNotExist":
      if (values && values.length > 0) report(`${path}.values`, `must be empty with ${operator}`);
      return { operator, key };
    default:
      report(`${path}.operator`, "must be In, NotIn, Exists or DoesNotExist");
      return undefined;
  }
}

function parseValues(values: unknown, path: string, report: Report): readonly string[] | undefined {
  if (Array.isArray(values)) return values.map((value: unknown, i) => checkValue(value, `${path}[${i}]`, report));
  report(path, "must be a list");
  return undefined;
}

function checkKey(key: string, path: string, report: Report): void {
  const problem = keyProblem(key);
  if (problem) report(path, problem);
}

function checkValue(value: unknown, path: string, report: Report): string {
  if (typeof value !== "string") {
    report(path, "must be a string");
    return "";
  }
  const problem = valueProblem(value);
  if (problem) report(path, problem);
  return value;
}

function isObject(json: unknown): json is Readonly<Record<string, unknown>> {
  return typeof json === "object" && json !== null && !Array.isArray(json);
}
