import { z } from "zod";
import { identity } from "./identity.ts";
import type { Immutable } from "./metadata.ts";

const interval = z.int32().min(10, "must be 10 to 60000").max(60_000, "must be 10 to 60000");

/** `metallb.io/v1beta1` BFDProfile: the one definition of it. */
export const bfdProfile = z.object({
  ...identity("metallb.io/v1beta1", "BFDProfile"),
  spec: z
    .object({
      receiveInterval: interval
        .prefault(300)
        .describe("The shortest time between received control packets, in milliseconds."),
      transmitInterval: interval
        .prefault(300)
        .describe("The shortest time between sent control packets, in milliseconds."),
      detectMultiplier: z
        .int32()
        .min(2, "must be 2 to 255")
        .max(255, "must be 2 to 255")
        .prefault(3)
        .describe("How many packets in a row may be missing before the session counts as down."),
      echoInterval: interval.prefault(50).describe("The shortest time between echo packets, in milliseconds."),
      echoMode: z.boolean().prefault(false).describe("Whether echo packets are used; not with multi-hop peers."),
      passiveMode: z.boolean().prefault(false).describe("Waits for the peer to begin the session."),
      minimumTtl: z
        .int32()
        .min(1, "must be 1 to 254")
        .max(254, "must be 1 to 254")
        .prefault(254)
        .describe("For multi-hop sessions only: packets that come in with a lower TTL are dropped."),
    })
    .prefault({}),
});

/** How quickly BFD notices that a peer is gone. Intervals in milliseconds. */
export type BfdProfile = Immutable<z.output<typeof bfdProfile>>;
