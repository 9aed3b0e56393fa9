import * as z from "zod";
import { type Definition, EMPTY } from "./definition.ts";
import { identity } from "./identity.ts";
import { between } from "./integer.ts";
import type { Immutable } from "./metadata.ts";
import { labelSelector } from "./selector.ts";

const l2Advertisement = z.object({
  ...identity("metallb.io/v1beta1", "L2Advertisement"),
  spec: z
    .object({
      ipAddressPools: z.array(z.string()).prefault([]).describe("Names of the advertised pools."),
      ipAddressPoolSelectors: z
        .array(labelSelector)
        .prefault([])
        .describe("Selectors of the advertised pools, in addition to those named; neither: all pools."),
      nodeSelectors: z.array(labelSelector).prefault([]).describe("Nodes that may announce; none: all nodes."),
      serviceSelectors: z.array(labelSelector).prefault([]).describe("Services this is for; none: all Services."),
      interfaces: z.array(z.string()).prefault([]).describe("Interfaces to announce over; none: all interfaces."),
      preferredNodeSelectors: z
        .array(
          z.object({
            weight: between(z.int32(), 1, 100).describe("What a node that matches gains."),
            preference: labelSelector.describe("Which nodes are preferred; an empty one matches every node."),
          }),
        )
        .prefault([])
        .describe("Soft preferences: the node with the highest sum of weights announces."),
    })
    .prefault({}),
});

/** How addresses of pools are announced over layer 2. */
export type L2Advertisement = Immutable<z.output<typeof l2Advertisement>>;

/** The one definition of `metallb.io` L2Advertisement. */
export const L2_ADVERTISEMENT: Definition = {
  kind: "L2Advertisement",
  plural: "l2advertisements",
  summary: "Announces addresses of pools over ARP and NDP.",
  versions: [
    {
      name: "v1beta1",
      schema: l2Advertisement,
      unread: { status: EMPTY.optional() },
      columns: [
        { name: "IPAddressPools", type: "string", jsonPath: ".spec.ipAddressPools" },
        { name: "IPAddressPool Selectors", type: "string", jsonPath: ".spec.ipAddressPoolSelectors" },
        { name: "Interfaces", type: "string", jsonPath: ".spec.interfaces" },
        { name: "Node Selectors", type: "string", jsonPath: ".spec.nodeSelectors", priority: 10 },
      ],
    },
  ],
};
