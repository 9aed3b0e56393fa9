import { z } from "zod";
import { type Immutable, metadata } from "./metadata.ts";
import { labelSelector } from "./selector.ts";

/** `metallb.io/v1beta1` L2Advertisement: the one definition of it. */
export const l2Advertisement = z.object({
  apiVersion: z.literal("metallb.io/v1beta1"),
  kind: z.literal("L2Advertisement"),
  metadata,
  spec: z
    .object({
      ipAddressPools: z.array(z.string()).prefault([]).describe("Names of the advertised pools; none: all pools."),
      ipAddressPoolSelectors: z.array(labelSelector).prefault([]).describe("Selectors of the advertised pools."),
      nodeSelectors: z.array(labelSelector).prefault([]).describe("Nodes that may announce; none: all nodes."),
      serviceSelectors: z.array(labelSelector).prefault([]).describe("Services this is for; none: all Services."),
      interfaces: z.array(z.string()).prefault([]).describe("Interfaces to announce over; none: all interfaces."),
      preferredNodeSelectors: z
        .array(
          z.object({
            weight: z.int32().min(1, "must be 1 to 100").max(100, "must be 1 to 100"),
            preference: labelSelector,
          }),
        )
        .prefault([])
        .describe("Soft preferences: the node with the highest sum of weights announces."),
    })
    .prefault({}),
});

/** How addresses of pools are announced over layer 2. */
export type L2Advertisement = Immutable<z.output<typeof l2Advertisement>>;
