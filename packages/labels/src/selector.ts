/** The labels of an object. */
export type Labels = Readonly<Record<string, string>>;

/** One condition on the labels of an object. */
export type Requirement =
  | { readonly operator: "In" | "NotIn"; readonly key: string; readonly values: readonly string[] }
  | { readonly operator: "Exists" | "DoesNotExist"; readonly key: string };

/** A valid Kubernetes LabelSelector: all requirements must hold. */
export interface Selector {
  readonly requirements: readonly Requirement[];
}

/** The selector without requirements, which matches every object. */
export const everything: Selector = { requirements: [] };

/** Whether the labels meet all requirements. `NotIn` and `DoesNotExist` hold where the key is missing. */
export function matches(selector: Selector, labels: Labels): boolean {
  return selector.requirements.every((requirement) => holds(requirement, labels));
}

/**
 * The selector in Kubernetes' own notation (`app in (a,b),!canary`), sorted: two selectors with equal text match the
 * same objects. Of one without requirements the text is empty.
 */
export function formatSelector(selector: Selector): string {
  return Array.from(new Set(selector.requirements.map(format)))
    .toSorted()
    .join(",");
}

function holds(requirement: Requirement, labels: Labels): boolean {
  const { key } = requirement;
  // A label may be called `constructor`.
  const value = Object.hasOwn(labels, key) ? labels[key] : undefined;
  switch (requirement.operator) {
    case "In":
      return value !== undefined && requirement.values.includes(value);
    case "NotIn":
      return value === undefined || !requirement.values.includes(value);
    case "Exists":
      return value !== undefined;
    case "DoesNotExist":
      return value === undefined;
  }
}

function format(requirement: Requirement): string {
  const { key } = requirement;
  switch (requirement.operator) {
    case "In":
      return requirement.values.length === 1
        ? `${key}=${requirement.values[0]}`
        : `${key} in (${requirement.values.toSorted().join(",")})`;
    case "NotIn":
      return `${key} notin (${requirement.values.toSorted().join(",")})`;
    case "Exists":
      return key;
    case "DoesNotExist":
      return `!${key}`;
  }
}
