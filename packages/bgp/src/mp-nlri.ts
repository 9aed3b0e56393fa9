import {
  DecodeError,
  type Family,
  IPV4_LENGTH,
  IPV6_LENGTH,
  ipToBytes,
  ipv4FromBytes,
  ipv6FromBytes,
  isIpv4,
  isLinkLocal,
  type Reader,
  type Writer,
} from "@heraldlb/net";
import { decodeFamily, encodeFamily } from "./address-family.ts";
import type { MpReach, MpUnreach, NextHop } from "./attribute.ts";
import type { CodecOptions } from "./negotiation.ts";
import { decodeNlri, encodeNlri } from "./nlri.ts";

/** Reads MP_REACH_NLRI (RFC 4760 section 3). `undefined` for routes of a family that is not spoken here. */
export function decodeMpReach(value: Reader, options: CodecOptions): MpReach | undefined {
  const family = decodeFamily(value);
  const hop = value.sub(value.u8());
  // Reserved, and to be ignored (RFC 4760 section 3).
  value.skip(1);
  const nlri = value.sub(value.remaining);
  if (!family) return undefined;
  return {
    type: "mpReach",
    family,
    nextHop: decodeNextHop(hop, family, options),
    nlri: decodeNlri(nlri, { family, addPath: options.addPath.receive }),
  };
}

/** Writes MP_REACH_NLRI. Throws `RangeError` for a next hop that the peer does not take. */
export function encodeMpReach({ family, nextHop, nlri }: MpReach, value: Writer, options: CodecOptions): void {
  const { address, linkLocal } = nextHop;
  if (!mayHave(family, isIpv4(address) ? "ipv4" : "ipv6", options) || (linkLocal && isIpv4(address))) {
    throw new RangeError(`${address} cannot be the next hop of ${family} routes`);
  }
  encodeFamily(family, value);
  const bytes = ipToBytes(address);
  value.u8(linkLocal ? 2 * IPV6_LENGTH : bytes.length).bytes(bytes);
  if (linkLocal) value.bytes(ipToBytes(linkLocal));
  value.u8(0);
  encodeNlri(nlri, value, { family, addPath: options.addPath.send });
}

/** Reads MP_UNREACH_NLRI (RFC 4760 section 4). `undefined` for routes of a family that is not spoken here. */
export function decodeMpUnreach(value: Reader, { addPath }: CodecOptions): MpUnreach | undefined {
  const family = decodeFamily(value);
  const nlri = value.sub(value.remaining);
  return family && { type: "mpUnreach", family, nlri: decodeNlri(nlri, { family, addPath: addPath.receive }) };
}

/** Writes MP_UNREACH_NLRI. */
export function encodeMpUnreach({ family, nlri }: MpUnreach, value: Writer, options: CodecOptions): void {
  encodeFamily(family, value);
  encodeNlri(nlri, value, { family, addPath: options.addPath.send });
}

/** The length tells what it is (RFC 2545 section 3, RFC 8950 section 3). */
function decodeNextHop(hop: Reader, family: Family, options: CodecOptions): NextHop {
  const length = hop.remaining;
  if (length === IPV4_LENGTH && mayHave(family, "ipv4", options)) return { address: ipv4FromBytes(hop.bytes(length)) };
  if ((length !== IPV6_LENGTH && length !== 2 * IPV6_LENGTH) || !mayHave(family, "ipv6", options)) {
    throw new DecodeError("malformed", `a next hop of ${length} bytes for ${family} routes`);
  }
  const address = ipv6FromBytes(hop.bytes(IPV6_LENGTH));
  if (hop.remaining === 0) return { address };
  const second = ipv6FromBytes(hop.bytes(IPV6_LENGTH));
  return isLinkLocal(second) ? { address, linkLocal: second } : { address };
}

function mayHave(family: Family, nextHop: Family, { extendedNextHop }: CodecOptions): boolean {
  return family === nextHop || (family === "ipv4" && extendedNextHop);
}
