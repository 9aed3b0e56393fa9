import { checkNames, checkSelectors, wrongField } from "./check-list.ts";
import type { IpAddressPool } from "./ip-address-pool.ts";
import { parsePoolEntry } from "./pool-addresses.ts";
import type { Problem } from "./problem.ts";

/** What one pool gets wrong by itself. */
export function checkPool({ metadata: { name }, spec: { addresses, serviceAllocation } }: IpAddressPool): Problem[] {
  const empty = wrongField(["spec", "addresses"], "pool has no prefixes defined; list at least one CIDR or range");
  const at = ["spec", "serviceAllocation"];
  return [
    ...(addresses.length === 0 ? [empty] : []),
    ...addresses.flatMap((text, i): Problem[] => {
      const entry = parsePoolEntry(text);
      if (!("error" in entry)) return [];
      return [
        wrongField(["spec", "addresses", i], `invalid CIDR "${text}" in pool "${name}": ${entry.error}; ${entry.fix}`),
      ];
    }),
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
