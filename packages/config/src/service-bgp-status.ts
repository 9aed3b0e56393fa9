import { z } from "zod";
import { identity } from "./identity.ts";
import type { Immutable } from "./metadata.ts";
import { serviceOnNode } from "./service-on-node.ts";

/** `metallb.io/v1beta1` ServiceBGPStatus: the one definition of it. */
export const serviceBgpStatus = z.object({
  ...identity("metallb.io/v1beta1", "ServiceBGPStatus"),
  status: z
    .object({
      ...serviceOnNode,
      peers: z.array(z.string()).prefault([]).describe("Names of the BGPPeers that the node advertises to."),
    })
    .prefault({}),
});

/** To which peers a node advertises a Service over BGP. */
export type ServiceBgpStatus = Immutable<z.output<typeof serviceBgpStatus>>;
