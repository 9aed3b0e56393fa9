import type { BfdConfig } from "@heraldlb/bfd";
import type { Ip } from "@heraldlb/net";

/** How a session is to behave: a BFDProfile with its defaults filled in. */
export interface BfdProfile {
  /** How often to receive at most. */
  readonly receiveIntervalMs: number;
  /** How often to send at most. */
  readonly transmitIntervalMs: number;
  /** How many packets in a row may be lost. */
  readonly detectMultiplier: number;
  /** How often to send echo packets, and to let the other side; `undefined`: no echo mode. One hop only. */
  readonly echoIntervalMs: number | undefined;
  /** Says nothing until the other side has spoken. */
  readonly isPassive: boolean;
  /** The TTL or hop limit with which packets must arrive at least, over several hops; over one hop it is 255. */
  readonly minimumTtl: number;
}

/** A session that there should be, as a message of the stream describes it. */
export interface DesiredSession {
  readonly local: Ip;
  readonly remote: Ip;
  /** Through which a session over one hop runs. Link-local addresses need it, and so does the echo mode. */
  readonly interface?: string | undefined;
  readonly vrf?: string | undefined;
  readonly isMultihop: boolean;
  readonly profile: BfdProfile;
}

/** Tells sessions apart: equal keys are the same session on the wire, perhaps with another profile. */
export function sessionKey(session: DesiredSession): string {
  const { local, remote, isMultihop } = session;
  return `${local} ${remote} ${deviceOf(session) ?? ""} ${isMultihop ? "multihop" : ""}`;
}

/** The interface that a session's sockets are bound to: over several hops any of its VRF will do. */
export function deviceOf(session: DesiredSession): string | undefined {
  return session.isMultihop ? session.vrf : (session.interface ?? session.vrf);
}

/** Whether a session may send and return echo packets (RFC 5881 section 4; RFC 5883 section 3 forbids it). */
export function hasEcho(session: DesiredSession): boolean {
  return session.profile.echoIntervalMs !== undefined && !session.isMultihop && session.interface !== undefined;
}

/** A session in the state machine's terms. */
export function configOf(session: DesiredSession, localDiscriminator: number, admin: "up" | "down"): BfdConfig {
  const { profile } = session;
  const echoMs = hasEcho(session) ? profile.echoIntervalMs : undefined;
  return {
    localDiscriminator,
    multiplier: profile.detectMultiplier,
    desiredMinTxUs: profile.transmitIntervalMs * 1_000,
    requiredMinRxUs: profile.receiveIntervalMs * 1_000,
    echoIntervalUs: echoMs === undefined ? undefined : echoMs * 1_000,
    isPassive: profile.isPassive,
    isAdminDown: admin === "down",
  };
}
