import * as z from "zod";
import { type Definition, EMPTY } from "./definition.ts";
import { identity } from "./identity.ts";
import type { Immutable } from "./metadata.ts";
import { serviceOnNode } from "./service-on-node.ts";

const serviceBgpStatus = z.object({
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

/** The one definition of `metallb.io` ServiceBGPStatus. */
export const SERVICE_BGP_STATUS: Definition = {
  kind: "ServiceBGPStatus",
  plural: "servicebgpstatuses",
  summary: "Says to which peers a node advertises a Service. Herald writes it.",
  versions: [
    {
      name: "v1beta1",
      schema: serviceBgpStatus,
      unread: { spec: EMPTY.optional() },
      columns: [
        { name: "Node", type: "string", jsonPath: ".status.node" },
        { name: "Service Name", type: "string", jsonPath: ".status.serviceName" },
        { name: "Service Namespace", type: "string", jsonPath: ".status.serviceNamespace" },
      ],
    },
  ],
};
