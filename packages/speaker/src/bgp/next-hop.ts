import { crc32 } from "node:zlib";
import type { NextHop } from "@heraldlb/bgp";
import type { Interface } from "@heraldlb/link";
import {
  type Family,
  familyOf,
  type Ip,
  type Ipv4,
  type Ipv6,
  ipv4FromBytes,
  isIpv4,
  isIpv6,
  isLinkLocal,
} from "@heraldlb/net";

/** This side's end of a connection, and what was agreed about next hops. */
export interface NextHopSource {
  readonly localAddress: Ip;
  /** The interface that the session goes through, as far as it is known. */
  readonly interface: string | undefined;
  /** IPv4 routes may have an IPv6 next hop (RFC 8950). */
  readonly extendedNextHop: boolean;
}

/**
 * Where the peer is told to send packets: to this side's end of the session; for the other family to the address that
 * the session's interface has of it, else over IPv6 (RFC 8950). Undefined if there is no such address: then routes of
 * the family cannot be announced.
 */
export function nextHopFor(
  family: Family,
  source: NextHopSource,
  interfaces: readonly Interface[],
): NextHop | undefined {
  const { localAddress, extendedNextHop } = source;
  const own = isIpv6(localAddress) ? ipv6NextHop(localAddress, source, interfaces) : { address: localAddress };
  if (familyOf(localAddress) === family) return own;
  const addresses = addressesOf(named(source.interface, interfaces));
  if (family === "ipv6") {
    const address = addresses.find((candidate): candidate is Ipv6 => isIpv6(candidate) && !isLinkLocal(candidate));
    return address && { address };
  }
  const address = addresses.find((candidate): candidate is Ipv4 => isIpv4(candidate) && !isLinkLocal(candidate));
  return address ? { address } : extendedNextHop ? own : undefined;
}

/** A link-local one goes with a global one, if there is one (RFC 2545 section 3). */
function ipv6NextHop(linkLocal: Ipv6, source: NextHopSource, interfaces: readonly Interface[]): NextHop {
  if (!isLinkLocal(linkLocal)) return { address: linkLocal };
  const global = addressesOf(named(source.interface, interfaces)).find((one) => isIpv6(one) && !isLinkLocal(one));
  return global ? { address: global, linkLocal } : { address: linkLocal };
}

/** The interface that has this side's address of a session. */
export function interfaceWith(address: Ip, interfaces: readonly Interface[]): string | undefined {
  return interfaces.find(({ addresses }) => addresses.some((one) => one.address === address))?.name;
}

const named = (name: string | undefined, interfaces: readonly Interface[]): Interface | undefined =>
  name === undefined ? undefined : interfaces.find((candidate) => candidate.name === name);

const addressesOf = (found: Interface | undefined): readonly Ip[] =>
  found?.addresses.flatMap(({ address, tentative }) => (tentative ? [] : [address])) ?? [];

/**
 * The BGP identifier of a session for which none is set: the IPv4 address of its end, else the first one of its
 * interface, else one made of the node's name, as MetalLB does.
 */
export function defaultIdentifier(
  source: Pick<NextHopSource, "localAddress" | "interface">,
  interfaces: readonly Interface[],
  node: string,
): Ipv4 {
  if (isIpv4(source.localAddress)) return source.localAddress;
  const found = named(source.interface, interfaces);
  return addressesOf(found).find(isIpv4) ?? identifierOfName(node);
}

/** The name's CRC-32, least significant byte first. */
function identifierOfName(node: string): Ipv4 {
  const sum = crc32(node);
  return ipv4FromBytes(Uint8Array.of(sum, sum >>> 8, sum >>> 16, sum >>> 24));
}
