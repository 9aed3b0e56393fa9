import { type Ipv4, Writer } from "@heraldlb/net";
import type { Capability } from "./capability.ts";
import { encodeCapability } from "./capability-codec.ts";
import { type NegotiatedSession, negotiate } from "./negotiation.ts";
import { type Notification, type NotificationError, notification } from "./notification.ts";
import type { Open } from "./open.ts";
import type { SessionConfig } from "./session-config.ts";
import type { SessionState } from "./session-state.ts";

const LARGEST_TWO_BYTE_ASN = 0xffff;

/** The OPEN of this side. */
export function openToSend(state: SessionState, config: SessionConfig, identifier: Ipv4): Open {
  const { asn, holdSeconds } = config;
  const capabilities = state.isPlain ? [] : capabilitiesToSend(state, config);
  return { type: "open", asn, holdSeconds, identifier, capabilities };
}

/** Whether a session makes sense without optional parameters: without them there are neither large AS numbers nor IPv6. */
export const canBePlain = ({ asn, families }: SessionConfig): boolean =>
  asn <= LARGEST_TWO_BYTE_ASN && families.includes("ipv4");

function capabilitiesToSend(state: SessionState, config: SessionConfig): Capability[] {
  const { families, extendedNextHop, addPath, hostname } = config;
  const capabilities: Capability[] = families.map((family) => ({ type: "multiprotocol", family }));
  capabilities.push({ type: "routeRefresh" });
  if (extendedNextHop) capabilities.push({ type: "extendedNextHop", entries: [{ family: "ipv4", nextHop: "ipv6" }] });
  capabilities.push({ type: "extendedMessage" }, ...restartToSend(state, config), { type: "fourByteAs" });
  if (addPath) capabilities.push({ type: "addPath", entries: families.map((family) => ({ family, mode: addPath })) });
  capabilities.push({ type: "enhancedRouteRefresh" });
  if (hostname) capabilities.push({ type: "hostname", hostname, domain: "" });
  return capabilities;
}

/** RFC 4724 section 4.1: the peer is told of a restart once; a lost connection is none, and forwarding went on. */
function restartToSend({ wasEstablished }: SessionState, { gracefulRestart, families }: SessionConfig): Capability[] {
  if (!gracefulRestart) return [];
  const { restartSeconds, hasRestarted, keptForwarding } = gracefulRestart;
  const forwarding = keptForwarding || wasEstablished;
  return [
    {
      type: "gracefulRestart",
      restarted: hasRestarted && !wasEstablished,
      notification: true,
      restartSeconds,
      entries: families.map((family) => ({ family, forwarding })),
    },
  ];
}

/** What the two OPENs come to: a session, or the reason why there is none. */
export type Judgement =
  | { readonly accepted: true; readonly session: NegotiatedSession; readonly keepaliveMs: number }
  | { readonly accepted: false; readonly notification: Notification };

/** Judges the peer's OPEN beyond what makes it well formed (RFC 4271 section 6.2). */
export function judgeOpen(own: Open, peer: Open, config: SessionConfig): Judgement {
  if (!isExpectedAsn(peer.asn, config)) return refuse("badPeerAs");
  // RFC 6286 section 2.2: only within an AS identifiers have to differ.
  if (peer.asn === own.asn && peer.identifier === own.identifier) return refuse("badBgpIdentifier");
  const session = negotiate(own, peer);
  // RFC 5492 section 5: the data lists what this side cannot do without.
  if (session.families.length === 0) return refuse("unsupportedCapability", multiprotocolBytes(config));
  return { accepted: true, session, keepaliveMs: keepaliveMs(session.holdSeconds, config) };
}

function isExpectedAsn(asn: number, { asn: own, peerAsn }: SessionConfig): boolean {
  if (peerAsn === "internal") return asn === own;
  return peerAsn === "external" ? asn !== own : asn === peerAsn;
}

/** RFC 4271 section 4.4: a third of the hold time at most. */
function keepaliveMs(holdSeconds: number, { keepaliveSeconds }: SessionConfig): number {
  const third = (holdSeconds * 1000) / 3;
  return keepaliveSeconds > 0 ? Math.min(keepaliveSeconds * 1000, third) : third;
}

function multiprotocolBytes({ families, asn }: SessionConfig): Uint8Array {
  const bytes = new Writer();
  for (const family of families) encodeCapability({ type: "multiprotocol", family }, bytes, asn);
  return bytes.toBytes();
}

const refuse = (error: NotificationError, data?: Uint8Array): Judgement => ({
  accepted: false,
  notification: notification(error, data),
});
