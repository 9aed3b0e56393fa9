import * as z from "zod";
import type { Definition } from "./definition.ts";
import { identity } from "./identity.ts";
import { int64 } from "./integer.ts";
import type { Immutable } from "./metadata.ts";
import { labelSelector } from "./selector.ts";

const ipAddressPool = z.object({
  ...identity("metallb.io/v1beta1", "IPAddressPool"),
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

const status = z.object({
  assignedIPv4: int64().describe("How many IPv4 addresses are in use."),
  assignedIPv6: int64().describe("How many IPv6 addresses are in use."),
  availableIPv4: int64().describe("How many IPv4 addresses are free."),
  availableIPv6: int64().describe("How many IPv6 addresses are free."),
});

/** A pool of addresses for Services. */
export type IpAddressPool = Immutable<z.output<typeof ipAddressPool>>;

/** The one definition of `metallb.io` IPAddressPool. */
export const IP_ADDRESS_POOL: Definition = {
  kind: "IPAddressPool",
  plural: "ipaddresspools",
  summary: "Addresses that Services may get.",
  versions: [
    {
      name: "v1beta1",
      schema: ipAddressPool,
      unread: { status: status.optional().describe("How much of the pool is in use.") },
      columns: [
        { name: "Auto Assign", type: "boolean", jsonPath: ".spec.autoAssign" },
        { name: "Avoid Buggy IPs", type: "boolean", jsonPath: ".spec.avoidBuggyIPs" },
        { name: "Addresses", type: "string", jsonPath: ".spec.addresses" },
      ],
    },
  ],
};
