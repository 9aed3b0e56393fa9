import { formatSelector, parseSelector } from "@heraldlb/labels";
import { type FieldPath, formatPath } from "./field-path.ts";
import type { Problem } from "./problem.ts";
import type { SelectorJson } from "./selector.ts";

type Expression = NonNullable<SelectorJson["matchExpressions"]>[number];

/** An error in a field. */
export function wrongField(path: FieldPath, message: string): Problem {
  return { path: formatPath(path), message, code: "invalidField" };
}

/** Names that are listed twice. `words` come before the name. */
export function checkNames(names: readonly string[], path: FieldPath, words: string): Problem[] {
  const seen = new Set<string>();
  return names.flatMap((name, i): Problem[] => {
    const repeated = seen.has(name);
    seen.add(name);
    return repeated ? [wrongField([...path, i], `${words} "${name}"; list it once`)] : [];
  });
}

/** Selectors that are none, after `words`, or that are listed twice. */
export function checkSelectors(selectors: readonly SelectorJson[], path: FieldPath, words: string): Problem[] {
  const seen = new Set<string>();
  return selectors.flatMap((json, i): Problem[] => {
    const selector = parseSelector(json);
    if ("problems" in selector) return checkSelector(json, [...path, i], words);
    const text = asWritten(json);
    const repeated = seen.has(text);
    seen.add(text);
    if (!repeated) return [];
    const twice = `duplicate definition of ${String(path.at(-1))} "${formatSelector(selector)}"`;
    return [wrongField([...path, i], `${twice}; list it once`)];
  });
}

/** The same for what MetalLB takes for one selector: it does not look at what they mean, only at what is written. */
function asWritten({ matchLabels = {}, matchExpressions = [] }: SelectorJson): string {
  const labels = Object.entries(matchLabels).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify([labels, matchExpressions.map(expressionAsWritten)]);
}

function expressionAsWritten({ key, operator, values = [] }: Expression): string {
  return JSON.stringify([key, operator, values.toSorted()]);
}

/** What makes a selector none, after `words`. */
export function checkSelector(json: SelectorJson, path: FieldPath, words: string): Problem[] {
  const selector = parseSelector(json);
  if (!("problems" in selector)) return [];
  return selector.problems.map(({ path: below, message }) => ({
    path: below ? `${formatPath(path)}.${below}` : formatPath(path),
    message: `${words}: ${message}`,
    code: "invalidField",
  }));
}

/** As `checkSelectors`, and selectors that repeat themselves, which MetalLB refuses in peers and advertisements. */
export function checkStrictSelectors(selectors: readonly SelectorJson[], path: FieldPath, words: string): Problem[] {
  return [
    ...checkSelectors(selectors, path, words),
    ...selectors.flatMap((selector, i) => checkRepetition(selector, [...path, i])),
  ];
}

function checkRepetition({ matchExpressions = [] }: SelectorJson, path: FieldPath): Problem[] {
  const seen = new Set<string>();
  return matchExpressions.flatMap((expression, i): Problem[] => {
    const { key, operator, values = [] } = expression;
    const at = [...path, "matchExpressions", i];
    const repeatedValues = checkNames(
      values,
      [...at, "values"],
      "duplicate definition of match expression value in label selector",
    );
    const text = expressionAsWritten(expression);
    const repeated = seen.has(text);
    seen.add(text);
    if (!repeated) return repeatedValues;
    const message = `duplicate definition of match expressions "${key} ${operator} [${values.join(" ")}]"; list it once`;
    return [...repeatedValues, wrongField(at, message)];
  });
}
