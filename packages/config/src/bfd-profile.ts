import * as z from "zod";
import { type Definition, EMPTY } from "./definition.ts";
import { identity } from "./identity.ts";
import { between } from "./integer.ts";
import type { Immutable } from "./metadata.ts";

const interval = between(z.int32(), 10, 60_000);

const bfdProfile = z.object({
  ...identity("metallb.io/v1beta1", "BFDProfile"),
  spec: z
    .object({
      receiveInterval: interval
        .prefault(300)
        .describe("The shortest time between received control packets, in milliseconds."),
      transmitInterval: interval
        .prefault(300)
        .describe("The shortest time between sent control packets, in milliseconds."),
      detectMultiplier: between(z.int32(), 2, 255)
        .prefault(3)
        .describe("How many packets in a row may be missing before the session counts as down."),
      echoInterval: interval.prefault(50).describe("The shortest time between echo packets, in milliseconds."),
      echoMode: z.boolean().prefault(false).describe("Whether echo packets are used; not with multi-hop peers."),
      passiveMode: z.boolean().prefault(false).describe("Waits for the peer to begin the session."),
      minimumTtl: between(z.int32(), 1, 254)
        .prefault(254)
        .describe("For multi-hop sessions only: packets that come in with a lower TTL are dropped."),
    })
    .prefault({}),
});

/** How quickly BFD notices that a peer is gone. Intervals in milliseconds. */
export type BfdProfile = Immutable<z.output<typeof bfdProfile>>;

/** The one definition of `metallb.io` BFDProfile. */
export const BFD_PROFILE: Definition = {
  kind: "BFDProfile",
  plural: "bfdprofiles",
  summary: "How quickly BFD (RFC 5880) notices that a BGP peer is gone.",
  versions: [
    {
      name: "v1beta1",
      schema: bfdProfile,
      unread: { status: EMPTY.optional() },
      columns: [
        { name: "Passive Mode", type: "boolean", jsonPath: ".spec.passiveMode" },
        { name: "Transmit Interval", type: "integer", jsonPath: ".spec.transmitInterval" },
        { name: "Receive Interval", type: "integer", jsonPath: ".spec.receiveInterval" },
        { name: "Multiplier", type: "integer", jsonPath: ".spec.detectMultiplier" },
      ],
    },
  ],
};
