import * as z from "zod";
import { type Definition, EMPTY } from "./definition.ts";
import { identity } from "./identity.ts";
import type { Immutable } from "./metadata.ts";
import { serviceOnNode } from "./service-on-node.ts";

const serviceL2Status = z.object({
  ...identity("metallb.io/v1beta1", "ServiceL2Status"),
  status: z
    .object({
      ...serviceOnNode,
      interfaces: z
        .array(z.object({ name: z.string().prefault("").describe("Name of the interface.") }))
        .prefault([])
        .describe("Interfaces over which the node announces; none: all."),
    })
    .prefault({}),
});

/** Which node announces a Service over layer 2. */
export type ServiceL2Status = Immutable<z.output<typeof serviceL2Status>>;

/** The one definition of `metallb.io` ServiceL2Status. */
export const SERVICE_L2_STATUS: Definition = {
  kind: "ServiceL2Status",
  plural: "servicel2statuses",
  summary: "Says which node announces a Service over layer 2. Herald writes it.",
  versions: [
    {
      name: "v1beta1",
      schema: serviceL2Status,
      unread: { spec: EMPTY.optional() },
      columns: [
        { name: "Allocated Node", type: "string", jsonPath: ".status.node" },
        { name: "Service Name", type: "string", jsonPath: ".status.serviceName" },
        { name: "Service Namespace", type: "string", jsonPath: ".status.serviceNamespace" },
      ],
    },
  ],
};
