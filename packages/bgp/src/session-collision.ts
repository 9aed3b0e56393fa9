import { compareIps } from "@heraldlb/net";
import type { Open } from "./open.ts";
import type { AgreedConnection, SessionConnection } from "./session-state.ts";

/**
 * Which of two connections with the same peer has to go, once the peer's OPEN has come on the newer one (RFC 4271
 * section 6.8): the one that the side with the lower identifier made. With equal identifiers, the one that the side with
 * the lower AS number made (RFC 6286 section 2.3). An established one stays.
 */
export function losesCollision(newer: SessionConnection, peer: Open, older: AgreedConnection): "newer" | "older" {
  if (older.name === "established") return "newer";
  const { identifier, asn } = newer.open;
  const order = compareIps(identifier, peer.identifier) || asn - peer.asn;
  const keepsIncoming = order < 0;
  return newer.isIncoming === keepsIncoming ? "older" : "newer";
}
