import { isDeepStrictEqual } from "node:util";
import { type Ip, type IpRange, rangeContains } from "@heraldlb/net";
import type { Notes, StatusRecord } from "../ledger.ts";
import { parseAddresses } from "../translate.ts";

/**
 * What a Service shows, as far as it is to be believed: its status says which addresses it has, but what else is to be
 * known of these leaders have noted, for whoever may edit the Service may write its annotations. The first leader of a
 * cluster has no notes, and believes what another implementation has left.
 */
export function believed(shown: StatusRecord, { pools, stranded }: Pick<Notes, "pools" | "stranded">): StatusRecord {
  const noted = stranded?.get(`${shown.namespace}/${shown.name}`);
  if (noted && isDeepStrictEqual(noted.addresses, shown.addresses)) return noted;
  if (!pools) return shown;
  const addresses = parseAddresses(shown.addresses);
  // Pools do not overlap, so one that is said rightly needs no search.
  if (hasAll(pools.get(shown.pool), addresses)) return shown;
  const [pool = ""] = pools.entries().find(([, ranges]) => hasAll(ranges, addresses)) ?? [];
  return { ...shown, pool };
}

function hasAll(ranges: readonly IpRange[] | undefined, addresses: readonly Ip[]): boolean {
  return addresses.every((address) => ranges?.some((range) => rangeContains(range, address)));
}
