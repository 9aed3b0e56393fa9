import type { NegotiatedSession, PathAttribute } from "@heraldlb/bgp";
import type { RouteAttributes } from "./desired.ts";

const DEFAULT_LOCAL_PREF = 100;
// What stands for an AS number of more than two bytes where there is room for two (RFC 6793).
const AS_TRANS = 23_456;
const LARGEST_TWO_BYTE_ASN = 0xffff;

/** A route's attributes on a session, all but the next hop, as a router would send a route of its own. */
export function pathAttributes(
  attributes: RouteAttributes,
  asn: number,
  { peer }: Pick<NegotiatedSession, "peer">,
): readonly PathAttribute[] {
  const { localPref, med, communities, largeCommunities, prepend = 0, linkBandwidth } = attributes;
  const isInternal = peer === "internal";
  const path: PathAttribute = {
    type: "asPath",
    segments: isInternal ? [] : [{ type: "sequence", asns: Array.from({ length: prepend + 1 }, () => asn) }],
  };
  const all: PathAttribute[] = [{ type: "origin", origin: "igp" }, path, { type: "med", value: med ?? 0 }];
  if (isInternal) all.push({ type: "localPref", value: localPref ?? DEFAULT_LOCAL_PREF });
  if (communities && communities.length > 0) all.push({ type: "communities", values: communities });
  if (linkBandwidth !== undefined) all.push(weight(linkBandwidth, asn));
  if (largeCommunities && largeCommunities.length > 0) all.push({ type: "largeCommunities", values: largeCommunities });
  return all;
}

/** Not transitive by definition; the peer is the one who balances. */
function weight(bytesPerSecond: number, asn: number): PathAttribute {
  const twoBytes = asn > LARGEST_TWO_BYTE_ASN ? AS_TRANS : asn;
  return {
    type: "extendedCommunities",
    values: [{ type: "linkBandwidth", transitive: false, asn: twoBytes, bytesPerSecond }],
  };
}
