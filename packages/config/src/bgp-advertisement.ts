import * as z from "zod";
import { type Definition, EMPTY } from "./definition.ts";
import { identity } from "./identity.ts";
import type { Immutable } from "./metadata.ts";
import { ruled } from "./rule.ts";
import { labelSelector } from "./selector.ts";

const spec = z.object({
  aggregationLength: z
    .int32()
    .min(1, "must be at least 1")
    .default(32)
    .describe("Length of the IPv4 prefixes that addresses are advertised as, at most 32."),
  aggregationLengthV6: z
    .int32()
    .default(128)
    .describe("Length of the IPv6 prefixes that addresses are advertised as, at most 128."),
  // MetalLB's schema says int32, which only newer API servers enforce, and its code reads 32 bits without a sign.
  localPref: z
    .int()
    .refine((value) => value >= 0 && value <= 4_294_967_295, "must be 0 to 4294967295")
    .meta({ format: "int32" })
    .prefault(0)
    .describe("LOCAL_PREF of the routes, for iBGP peers; 0: none is set."),
  communities: z
    .array(z.string())
    .prefault([])
    .describe("Communities of the routes: 65000:100, large:65000:1:2, or the name of one in a Community."),
  ipAddressPools: z.array(z.string()).prefault([]).describe("Names of the advertised pools."),
  ipAddressPoolSelectors: z
    .array(labelSelector)
    .prefault([])
    .describe("Selectors of the advertised pools, in addition to those named; neither: all pools."),
  nodeSelectors: z.array(labelSelector).prefault([]).describe("Nodes that may advertise; none: all nodes."),
  peers: z.array(z.string()).prefault([]).describe("Names of the BGPPeers to advertise to; none: all peers."),
  serviceSelectors: z.array(labelSelector).prefault([]).describe("Services this is for; none: all Services."),
});

const bgpAdvertisement = z.object({
  ...identity("metallb.io/v1beta1", "BGPAdvertisement"),
  spec: ruled(spec, [
    {
      rule: "!has(self.serviceSelectors) || self.serviceSelectors.size() == 0 || ((!has(self.aggregationLength) || self.aggregationLength == 32) && (!has(self.aggregationLengthV6) || self.aggregationLengthV6 == 128))",
      message:
        "serviceSelectors and aggregationLength are mutually exclusive, can only be used together with default aggregationLength (32) and aggregationLengthV6 (128)",
      holds: ({ serviceSelectors, aggregationLength, aggregationLengthV6 }) =>
        serviceSelectors.length === 0 || (aggregationLength === 32 && aggregationLengthV6 === 128),
    },
  ]).prefault({}),
});

/** How addresses of pools are advertised over BGP. */
export type BgpAdvertisement = Immutable<z.output<typeof bgpAdvertisement>>;

/** The one definition of `metallb.io` BGPAdvertisement. */
export const BGP_ADVERTISEMENT: Definition = {
  kind: "BGPAdvertisement",
  plural: "bgpadvertisements",
  summary: "Advertises addresses of pools to BGP peers.",
  versions: [
    {
      name: "v1beta1",
      schema: bgpAdvertisement,
      unread: { status: EMPTY.optional() },
      columns: [
        { name: "IPAddressPools", type: "string", jsonPath: ".spec.ipAddressPools" },
        { name: "IPAddressPool Selectors", type: "string", jsonPath: ".spec.ipAddressPoolSelectors" },
        { name: "Peers", type: "string", jsonPath: ".spec.peers" },
        { name: "Node Selectors", type: "string", jsonPath: ".spec.nodeSelectors", priority: 10 },
      ],
    },
  ],
};
