import { z } from "zod";
import { identity } from "./identity.ts";
import type { Immutable } from "./metadata.ts";
import { serviceOnNode } from "./service-on-node.ts";

/** `metallb.io/v1beta1` ServiceL2Status: the one definition of it. */
export const serviceL2Status = z.object({
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
