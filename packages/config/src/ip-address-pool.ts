import { z } from "zod";
import { type Immutable, metadata } from "./metadata.ts";
import { labelSelector } from "./selector.ts";

/** `metallb.io/v1beta1` IPAddressPool: the one definition of it. */
export const ipAddressPool = z.object({
  apiVersion: z.literal("metallb.io/v1beta1"),
  kind: z.literal("IPAddressPool"),
  metadata,
  spec: z.object({
    addresses: z
      .array(z.string())
      .describe("Addresses of this pool, each entry a CIDR (192.0.2.0/24) or a range (192.0.2.10-192.0.2.20)."),
    autoAssign: z
      .boolean()
      .default(true)
      .describe("Whether addresses are taken from this pool for Services that do not ask for it."),
    avoidBuggyIPs: z.boolean().default(false).describe("Leaves out IPv4 addresses that end in .0 or .255."),
    serviceAllocation: z
      .object({
        priority: z
          .int()
          .prefault(0)
          .describe("Among the pools pinned to a Service the lower positive number is tried first, 0 last."),
        namespaces: z.array(z.string()).prefault([]).describe("Names of the namespaces this pool is pinned to."),
        namespaceSelectors: z
          .array(labelSelector)
          .prefault([])
          .describe("Selectors of the namespaces this pool is pinned to."),
        serviceSelectors: z
          .array(labelSelector)
          .prefault([])
          .describe("Selectors of the Services this pool is pinned to."),
      })
      .optional()
      .describe("To whom the pool is pinned; absent: open to every Service."),
  }),
});

/** A pool of addresses for Services. */
export type IpAddressPool = Immutable<z.output<typeof ipAddressPool>>;
