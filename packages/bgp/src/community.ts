import { IPV4_LENGTH, type Ipv4, ipToBytes, ipv4FromBytes, Reader, type Writer } from "@heraldlb/net";

/** A large community, three times 32 bits (RFC 8092). */
export interface LargeCommunity {
  readonly administrator: number;
  readonly local1: number;
  readonly local2: number;
}

/** Communities whose meaning is registered (RFC 1997, 3765, 7611, 7999, 8326, 9494). */
export const WELL_KNOWN_COMMUNITIES = {
  gracefulShutdown: 0xffff_0000,
  acceptOwn: 0xffff_0001,
  longLivedStale: 0xffff_0006,
  noLongLivedGracefulRestart: 0xffff_0007,
  blackhole: 0xffff_029a,
  noExport: 0xffff_ff01,
  noAdvertise: 0xffff_ff02,
  noExportSubconfed: 0xffff_ff03,
  noPeer: 0xffff_ff04,
} as const;

/**
 * An extended community (RFC 4360, RFC 5668), eight bytes.
 *
 * `subtype` says what it means: 2 is a route target, 3 a route origin. `transitive` ones cross AS borders.
 */
export type ExtendedCommunity =
  | LinkBandwidth
  | {
      readonly type: "twoByteAs";
      readonly transitive: boolean;
      readonly subtype: number;
      readonly asn: number;
      readonly value: number;
    }
  | {
      readonly type: "ipv4";
      readonly transitive: boolean;
      readonly subtype: number;
      readonly address: Ipv4;
      readonly value: number;
    }
  | {
      readonly type: "fourByteAs";
      readonly transitive: boolean;
      readonly subtype: number;
      readonly asn: number;
      readonly value: number;
    }
  | { readonly type: "unknown"; readonly value: Uint8Array };

/** The weight of a path among equal ones (draft-ietf-idr-link-bandwidth). */
export interface LinkBandwidth {
  readonly type: "linkBandwidth";
  readonly transitive: boolean;
  /** Two bytes. */
  readonly asn: number;
  /** Rounded to a 32-bit float on the wire. */
  readonly bytesPerSecond: number;
}

const LENGTH = 8;
const NON_TRANSITIVE = 0x40;
const KINDS = { twoByteAs: 0, ipv4: 1, fourByteAs: 2 } as const;
const LINK_BANDWIDTH = 4;

/** Reads extended communities to the end (RFC 4360 section 2). */
export function decodeExtendedCommunities(r: Reader): ExtendedCommunity[] {
  const found: ExtendedCommunity[] = [];
  while (r.remaining > 0) found.push(decodeExtended(r.bytes(LENGTH)));
  return found;
}

/** Writes extended communities. */
export function encodeExtendedCommunities(communities: readonly ExtendedCommunity[], w: Writer): void {
  for (const community of communities) encodeExtended(community, w);
}

function decodeExtended(bytes: Uint8Array): ExtendedCommunity {
  const r = new Reader(bytes);
  const type = r.u8();
  const transitive = (type & NON_TRANSITIVE) === 0;
  const subtype = r.u8();
  switch (type & ~NON_TRANSITIVE) {
    case KINDS.twoByteAs: {
      const asn = r.u16();
      const value = r.u32();
      if (subtype !== LINK_BANDWIDTH) return { type: "twoByteAs", transitive, subtype, asn, value };
      const bytesPerSecond = floatFromBits(value);
      // Of the values that are no number there are many; they would not come back as they were.
      if (!(bytesPerSecond >= 0)) return { type: "unknown", value: bytes };
      return { type: "linkBandwidth", transitive, asn, bytesPerSecond };
    }
    case KINDS.ipv4:
      return { type: "ipv4", transitive, subtype, address: ipv4FromBytes(r.bytes(IPV4_LENGTH)), value: r.u16() };
    case KINDS.fourByteAs:
      return { type: "fourByteAs", transitive, subtype, asn: r.u32(), value: r.u16() };
    default:
      return { type: "unknown", value: bytes };
  }
}

function encodeExtended(community: ExtendedCommunity, w: Writer): void {
  switch (community.type) {
    case "unknown":
      if (community.value.length !== LENGTH) throw new RangeError(`${community.value.length} bytes, not ${LENGTH}`);
      w.bytes(community.value);
      return;
    case "linkBandwidth":
      w.u8(kindOf("twoByteAs", community)).u8(LINK_BANDWIDTH).u16(community.asn);
      w.u32(floatToBits(community.bytesPerSecond));
      return;
    case "twoByteAs":
      w.u8(kindOf("twoByteAs", community)).u8(community.subtype).u16(community.asn).u32(community.value);
      return;
    case "ipv4":
      w.u8(kindOf("ipv4", community)).u8(community.subtype).bytes(ipToBytes(community.address)).u16(community.value);
      return;
    case "fourByteAs":
      w.u8(kindOf("fourByteAs", community)).u8(community.subtype).u32(community.asn).u16(community.value);
      return;
  }
}

function kindOf(kind: keyof typeof KINDS, { transitive }: { readonly transitive: boolean }): number {
  return KINDS[kind] | (transitive ? 0 : NON_TRANSITIVE);
}

function floatFromBits(bits: number): number {
  return new Float32Array(Uint32Array.of(bits).buffer)[0] as number;
}

function floatToBits(value: number): number {
  return new Uint32Array(Float32Array.of(value).buffer)[0] as number;
}
