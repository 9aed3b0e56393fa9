import { formatSelector, parseSelector } from "@heraldlb/labels";
import { annotationErrors } from "./annotation.ts";
import { type FieldPath, formatPath } from "./field-path.ts";
import type { IpAddressPool } from "./ip-address-pool.ts";
import type { L2Advertisement } from "./l2-advertisement.ts";
import { parsePoolEntry } from "./pool-addresses.ts";
import type { Problem } from "./problem.ts";
import type { Resource } from "./resource.ts";
import type { SelectorJson } from "./selector.ts";

/** What one object gets wrong that its schema cannot say. Messages are MetalLB's, with the fix behind a semicolon. */
export function checkResource(resource: Resource): Problem[] {
  return [...annotationErrors(resource.kind, resource.metadata.annotations), ...checkKind(resource)];
}

function checkKind(resource: Resource): Problem[] {
  switch (resource.kind) {
    case "IPAddressPool":
      return checkPool(resource);
    case "L2Advertisement":
      return checkL2Advertisement(resource);
    case "BGPPeer":
    case "BGPAdvertisement":
    case "BFDProfile":
    case "Community":
    case "ServiceL2Status":
    case "ServiceBGPStatus":
    case "ConfigurationState":
    case "Service":
    case "EndpointSlice":
    case "Node":
    case "Namespace":
      return [];
  }
}

function checkPool({ metadata: { name }, spec }: IpAddressPool): Problem[] {
  const { addresses, serviceAllocation } = spec;
  const empty = addresses.length === 0;
  const entries = addresses.flatMap((text, i): Problem[] => {
    const entry = parsePoolEntry(text);
    if (!("error" in entry)) return [];
    return [
      problem(["spec", "addresses", i], `invalid CIDR "${text}" in pool "${name}": ${entry.error}; ${entry.fix}`),
    ];
  });
  const at = ["spec", "serviceAllocation"];
  return [
    ...(empty ? [problem(["spec", "addresses"], "pool has no prefixes defined; list at least one CIDR or range")] : []),
    ...entries,
    ...checkNames(
      serviceAllocation?.namespaces ?? [],
      [...at, "namespaces"],
      "duplicate definition in namespaces field",
    ),
    ...checkSelectors(
      serviceAllocation?.namespaceSelectors ?? [],
      [...at, "namespaceSelectors"],
      `invalid namespace label selector in ip pool ${name}`,
    ),
    ...checkSelectors(
      serviceAllocation?.serviceSelectors ?? [],
      [...at, "serviceSelectors"],
      `invalid service label selector in ip pool ${name}`,
    ),
  ];
}

function checkL2Advertisement({ metadata: { name }, spec }: L2Advertisement): Problem[] {
  const selectors = (field: "ipAddressPoolSelectors" | "nodeSelectors" | "serviceSelectors") => [
    ...checkSelectors(spec[field], ["spec", field], `invalid ${field} in l2 advertisement ${name}`),
    ...spec[field].flatMap((selector, i) => checkRepetition(selector, ["spec", field, i])),
  ];
  return [
    ...checkNames(spec.ipAddressPools, ["spec", "ipAddressPools"], "duplicate definition of ipAddressPools"),
    ...selectors("ipAddressPoolSelectors"),
    ...selectors("nodeSelectors"),
    ...selectors("serviceSelectors"),
    ...spec.preferredNodeSelectors.flatMap(({ preference }, i) =>
      checkSelector(
        preference,
        ["spec", "preferredNodeSelectors", i, "preference"],
        `invalid preferred node selector in l2 advertisement ${name}`,
      ),
    ),
  ];
}

function checkNames(names: readonly string[], path: FieldPath, words: string): Problem[] {
  return names.flatMap((name, i): Problem[] =>
    names.indexOf(name) < i ? [problem([...path, i], `${words} "${name}"; list it once`)] : [],
  );
}

function checkSelectors(selectors: readonly SelectorJson[], path: FieldPath, words: string): Problem[] {
  const seen = new Set<string>();
  return selectors.flatMap((json, i): Problem[] => {
    const selector = parseSelector(json);
    if ("problems" in selector) return checkSelector(json, [...path, i], words);
    const text = formatSelector(selector);
    const repeated = seen.has(text);
    seen.add(text);
    if (!repeated) return [];
    return [problem([...path, i], `duplicate definition of ${String(path.at(-1))} "${text}"; list it once`)];
  });
}

function checkSelector(json: SelectorJson, path: FieldPath, words: string): Problem[] {
  const selector = parseSelector(json);
  if (!("problems" in selector)) return [];
  return selector.problems.map(({ path: below, message }) => ({
    path: below ? `${formatPath(path)}.${below}` : formatPath(path),
    message: `${words}: ${message}`,
    code: "invalidField",
  }));
}

/** MetalLB refuses a selector of an advertisement that repeats itself. */
function checkRepetition({ matchExpressions = [] }: SelectorJson, path: FieldPath): Problem[] {
  const seen = new Set<string>();
  return matchExpressions.flatMap((expression, i): Problem[] => {
    const { key, operator, values = [] } = expression;
    const at = [...path, "matchExpressions", i];
    const repeatedValues = values.flatMap((value, j): Problem[] => {
      if (values.indexOf(value) === j) return [];
      const message = `duplicate definition of match expression value in label selector "${value}"; list it once`;
      return [problem([...at, "values", j], message)];
    });
    const text = JSON.stringify([key, operator, values.toSorted()]);
    const repeated = seen.has(text);
    seen.add(text);
    if (!repeated) return repeatedValues;
    const message = `duplicate definition of match expressions "${key} ${operator} [${values.join(" ")}]"; list it once`;
    return [...repeatedValues, problem(at, message)];
  });
}

function problem(path: FieldPath, message: string): Problem {
  return { path: formatPath(path), message, code: "invalidField" };
}
