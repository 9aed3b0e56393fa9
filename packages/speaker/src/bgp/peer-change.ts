import type { AgreedConnection } from "@heraldlb/bgp";
import type { Family } from "@heraldlb/net";
import { familyOf, type Ip } from "@heraldlb/net";
import type { BgpPeer } from "./desired.ts";

/**
 * What a change of a peer's settings comes to:
 *
 * - `none`: the running session is as the new settings want it, or would not be another one;
 * - `restart`: it has to be opened again, and the peer may keep its routes meanwhile if it can;
 * - `replace`: it is with another router, or another connection to it.
 */
export type PeerChange = "none" | "restart" | "replace";

/** The session as it is, if there is one. */
export interface RunningSession {
  readonly connection: AgreedConnection;
  readonly localAddress: Ip;
}

/** Which families a session with the peer carries. */
export function familiesOf({ address, isDualStack }: BgpPeer): readonly Family[] {
  return !address || isDualStack ? ["ipv4", "ipv6"] : [familyOf(address)];
}

type Rule = (before: BgpPeer, after: BgpPeer, running: RunningSession) => PeerChange;

const differs =
  (change: PeerChange, value: (peer: BgpPeer) => unknown): Rule =>
  (before, after) =>
    value(before) === value(after) ? "none" : change;

/** The new value is asked for in the OPEN, so it makes no difference before the next one. */
const later: Rule = () => "none";

/** Each field, and what its change does to a session that is up. The manual has the same table. */
const RULES: { readonly [F in keyof Required<BgpPeer>]: Rule } = {
  name: later,
  address: differs("replace", ({ address }) => address),
  interface: differs("replace", (peer) => peer.interface),
  port: differs("replace", ({ port }) => port),
  vrf: differs("replace", ({ vrf }) => vrf),
  sourceAddress: (_, { sourceAddress }, { localAddress }) =>
    sourceAddress === undefined || sourceAddress === localAddress ? "none" : "replace",
  asn: differs("replace", ({ asn }) => asn),
  peerAsn: (_, { peerAsn }, { connection: { session } }) =>
    peerAsn === session.peer || peerAsn === session.asn ? "none" : "restart",
  routerId: (_, { routerId }, { connection }) =>
    routerId === undefined || routerId === connection.open.identifier ? "none" : "restart",
  password: differs("restart", ({ password }) => password),
  ttlSecurityHops: differs("restart", ({ ttlSecurityHops = 0 }) => ttlSecurityHops),
  isDualStack: differs("restart", (peer) => familiesOf(peer).length),
  hasGracefulRestart: differs("restart", ({ hasGracefulRestart = false }) => hasGracefulRestart),
  hasAddPath: differs("restart", ({ hasAddPath = false }) => hasAddPath),
  holdSeconds: later,
  keepaliveSeconds: later,
  connectRetrySeconds: later,
  isMultiHop: later,
};

const ORDER: readonly PeerChange[] = ["none", "restart", "replace"];

/** What the change does to a session that is up: the most that any of its fields does. */
export function changeOfPeer(before: BgpPeer, after: BgpPeer, running: RunningSession): PeerChange {
  const changes = Object.values(RULES).map((rule) => ORDER.indexOf(rule(before, after, running)));
  return ORDER[Math.max(...changes)] ?? "none";
}

/** Whether nothing has changed at all. */
export function isSamePeer(before: BgpPeer, after: BgpPeer): boolean {
  const fields = Object.keys(RULES) as (keyof BgpPeer)[];
  return fields.every((field) => before[field] === after[field]);
}
