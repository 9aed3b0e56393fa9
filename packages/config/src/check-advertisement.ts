import type { BgpAdvertisement } from "./bgp-advertisement.ts";
import { checkNames, checkSelector, checkStrictSelectors, wrongField } from "./check-list.ts";
import { COMMUNITY_FIX, parseCommunity } from "./community-value.ts";
import type { L2Advertisement } from "./l2-advertisement.ts";
import type { Problem } from "./problem.ts";

/** What one L2Advertisement gets wrong by itself. */
export function checkL2Advertisement(advertisement: L2Advertisement): Problem[] {
  const { metadata, spec } = advertisement;
  return [
    ...checkScope(advertisement, `l2 advertisement ${metadata.name}`),
    ...spec.preferredNodeSelectors.flatMap(({ preference }, i) =>
      checkSelector(
        preference,
        ["spec", "preferredNodeSelectors", i, "preference"],
        `invalid preferred node selector in l2 advertisement ${metadata.name}`,
      ),
    ),
  ];
}

/** What one BGPAdvertisement gets wrong by itself. */
export function checkBgpAdvertisement(advertisement: BgpAdvertisement): Problem[] {
  const { metadata, spec } = advertisement;
  const { aggregationLength, aggregationLengthV6, communities, peers } = spec;
  const length = (field: string, value: number, family: string, range: string) =>
    wrongField(["spec", field], `invalid aggregation length ${value} for ${family}; write ${range}`);
  return [
    ...(aggregationLength > 32 ? [length("aggregationLength", aggregationLength, "IPv4", "1 to 32")] : []),
    ...(aggregationLengthV6 > 128 || aggregationLengthV6 < 0
      ? [length("aggregationLengthV6", aggregationLengthV6, "IPv6", "0 to 128")]
      : []),
    ...checkNames(communities, ["spec", "communities"], "duplicate definition of community"),
    ...communities.flatMap((text, i): Problem[] => {
      // Without a colon it is the name of one that may be defined yet.
      const community = text.includes(":") ? parseCommunity(text) : undefined;
      if (!community || !("error" in community)) return [];
      const message = `invalid community "${text}" in BGP advertisement: ${community.error}; ${COMMUNITY_FIX}`;
      return [wrongField(["spec", "communities", i], message)];
    }),
    ...checkScope(advertisement, `BGP advertisement ${metadata.name}`),
    ...checkNames(peers, ["spec", "peers"], "duplicate definition of peers"),
  ];
}

function checkScope({ spec }: L2Advertisement | BgpAdvertisement, what: string): Problem[] {
  const fields = ["ipAddressPoolSelectors", "nodeSelectors", "serviceSelectors"] as const;
  return [
    ...checkNames(spec.ipAddressPools, ["spec", "ipAddressPools"], "duplicate definition of ipAddressPools"),
    ...fields.flatMap((field) => checkStrictSelectors(spec[field], ["spec", field], `invalid ${field} in ${what}`)),
  ];
}
