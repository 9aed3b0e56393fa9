import type { Requirement, Selector } from "./selector.ts";

/** Whether some object could have labels that meet all the selectors at once. */
export function canMatchTogether(...selectors: readonly Selector[]): boolean {
  const byKey = Map.groupBy(
    selectors.flatMap(({ requirements }) => requirements),
    ({ key }) => key,
  );
  return byKey.values().every(canHold);
}

/** Whether one label, or its absence, can meet requirements that are all about its key. */
function canHold(requirements: readonly Requirement[]): boolean {
  const [first, ...others] = requirements.flatMap((each) => (each.operator === "In" ? [each.values] : []));
  const mustBeThere = first !== undefined || requirements.some(({ operator }) => operator === "Exists");
  if (mustBeThere && requirements.some(({ operator }) => operator === "DoesNotExist")) return false;
  if (first === undefined) return true;
  const refused = requirements.flatMap((each) => (each.operator === "NotIn" ? each.values : []));
  return first.some((value) => others.every((values) => values.includes(value)) && !refused.includes(value));
}
