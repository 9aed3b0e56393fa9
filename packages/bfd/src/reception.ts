import type { BfdControl } from "./control.ts";

/** Why a packet that decodes is discarded all the same. */
export type ReceptionProblem =
  | "multiplierZero"
  | "multipoint"
  | "myDiscriminatorZero"
  /** It names no session of ours, yet says that it has heard from one. */
  | "yourDiscriminatorZero"
  /** It is authenticated, and no session here uses authentication. */
  | "authenticated";

/** The rule of RFC 5880 section 6.8.6 by which a packet must be discarded before a session sees it, if any. */
export function receptionProblem(packet: BfdControl): ReceptionProblem | undefined {
  if (packet.multiplier === 0) return "multiplierZero";
  if (packet.isMultipoint) return "multipoint";
  if (packet.myDiscriminator === 0) return "myDiscriminatorZero";
  if (packet.yourDiscriminator === 0 && (packet.state === "init" || packet.state === "up")) {
    return "yourDiscriminatorZero";
  }
  return packet.authentication ? "authenticated" : undefined;
}
