import {
  DecodeError,
  IPV4_LENGTH,
  type Ip,
  type Ipv4,
  ipToBytes,
  ipv4FromBytes,
  isMulticast,
  isUnspecified,
  type Reader,
  type Writer,
} from "@heraldlb/net";
import {
  type AsPathSegment,
  decodeAsn,
  decodeSegments,
  encodeAsn,
  encodeSegments,
  isConfederation,
} from "./as-path.ts";
import type { Origin, PathAttribute } from "./attribute.ts";
import { decodeExtendedCommunities, encodeExtendedCommunities, type LargeCommunity } from "./community.ts";
import { decodeMpReach, decodeMpUnreach, encodeMpReach, encodeMpUnreach } from "./mp-nlri.ts";
import type { CodecOptions } from "./negotiation.ts";
import type { NotificationError } from "./notification.ts";
import type { UpdateAction } from "./update-error.ts";

/** An attribute as it is on the wire: also those that only exist between speakers of two-byte AS numbers (RFC 6793). */
export type WireAttribute =
  | PathAttribute
  | { readonly type: "as4Path"; readonly segments: readonly AsPathSegment[] }
  | { readonly type: "as4Aggregator"; readonly asn: number; readonly address: Ipv4 };

/** An attribute that is interpreted here. */
export type KnownAttribute = Exclude<WireAttribute, { type: "unknown" }>;

/** How an attribute is written and read, and what to do when it is malformed. */
export interface AttributeCodec<A extends KnownAttribute> {
  readonly code: number;
  /** Of the flags, those that the attribute's class decides (RFC 4271 section 4.3). */
  readonly flags: number;
  /** RFC 7606 section 7, RFC 6793 section 6, RFC 8092 section 5. */
  readonly onMalformed: UpdateAction;
  /** What a session reset calls a malformed value of right length. */
  readonly error: NotificationError;
  /** Whether such a peer may send it; who may not, is not heard (RFC 7606 sections 7.5, 7.9, 7.10, RFC 6793 section 4.1). */
  isFrom?(options: CodecOptions): boolean;
  hasLength(length: number, options: CodecOptions): boolean;
  /** `undefined` for what a receiver must ignore. */
  decode(value: Reader, options: CodecOptions): A | undefined;
  encode(attribute: A, value: Writer, options: CodecOptions): void;
}

/** The flag of attributes that not every speaker has to know. */
export const OPTIONAL = 0x80;

/** The flag of attributes that are passed on even by who does not know them. */
export const TRANSITIVE = 0x40;

const ORIGINS: readonly Origin[] = ["igp", "egp", "incomplete"];
const LARGE_COMMUNITY_LENGTH = 12;

const exactly = (length: number) => (actual: number) => actual === length;
const multipleOf = (length: number) => (actual: number) => actual > 0 && actual % length === 0;
const anInternalPeer = ({ peer }: CodecOptions) => peer === "internal";
const aTwoByteSpeaker = ({ fourByteAs }: CodecOptions) => !fourByteAs;
const anyLength = () => true;
const positive = (length: number) => length > 0;

const WITHDRAW = { onMalformed: "treatAsWithdraw", error: "attributeLengthError" } as const;
const DISCARD = { onMalformed: "attributeDiscard", error: "attributeLengthError" } as const;

// The mapped type keeps the table complete: an attribute without a codec does not compile.
const codecs: { readonly [T in KnownAttribute["type"]]: AttributeCodec<Extract<KnownAttribute, { type: T }>> } = {
  origin: {
    ...WITHDRAW,
    code: 1,
    flags: TRANSITIVE,
    error: "invalidOriginAttribute",
    hasLength: exactly(1),
    decode: (value) => ({ type: "origin", origin: decodeOrigin(value.u8()) }),
    encode: ({ origin }, value) => void value.u8(ORIGINS.indexOf(origin)),
  },
  asPath: {
    ...WITHDRAW,
    code: 2,
    flags: TRANSITIVE,
    error: "malformedAsPath",
    hasLength: anyLength,
    decode: (value, options) => ({ type: "asPath", segments: decodeAsPath(value, options) }),
    encode: ({ segments }, value, { fourByteAs }) => encodeSegments(segments, value, fourByteAs),
  },
  nextHop: {
    ...WITHDRAW,
    code: 3,
    flags: TRANSITIVE,
    error: "invalidNextHopAttribute",
    hasLength: exactly(IPV4_LENGTH),
    decode: (value) => ({ type: "nextHop", address: host(decodeIpv4(value)) }),
    encode: ({ address }, value) => void value.bytes(ipToBytes(address)),
  },
  med: {
    ...WITHDRAW,
    code: 4,
    flags: OPTIONAL,
    hasLength: exactly(4),
    decode: (value) => ({ type: "med", value: value.u32() }),
    encode: (attribute, value) => void value.u32(attribute.value),
  },
  localPref: {
    ...WITHDRAW,
    code: 5,
    flags: TRANSITIVE,
    isFrom: anInternalPeer,
    hasLength: exactly(4),
    decode: (value) => ({ type: "localPref", value: value.u32() }),
    encode: (attribute, value) => void value.u32(attribute.value),
  },
  atomicAggregate: {
    ...DISCARD,
    code: 6,
    flags: TRANSITIVE,
    hasLength: exactly(0),
    decode: () => ({ type: "atomicAggregate" }),
    encode: () => {},
  },
  aggregator: {
    ...DISCARD,
    code: 7,
    flags: OPTIONAL | TRANSITIVE,
    error: "optionalAttributeError",
    hasLength: (length, { fourByteAs }) => length === (fourByteAs ? 8 : 6),
    decode: (value, { fourByteAs }) => ({
      type: "aggregator",
      asn: decodeAsn(value, fourByteAs),
      address: decodeIpv4(value),
    }),
    encode: ({ asn, address }, value, { fourByteAs }) => {
      encodeAsn(asn, value, fourByteAs);
      value.bytes(ipToBytes(address));
    },
  },
  communities: {
    ...WITHDRAW,
    code: 8,
    flags: OPTIONAL | TRANSITIVE,
    hasLength: multipleOf(4),
    decode: (value) => ({ type: "communities", values: decodeAll(value, (r) => r.u32()) }),
    encode: ({ values }, value) => {
      for (const community of values) value.u32(community);
    },
  },
  originatorId: {
    ...WITHDRAW,
    code: 9,
    flags: OPTIONAL,
    isFrom: anInternalPeer,
    hasLength: exactly(IPV4_LENGTH),
    decode: (value) => ({ type: "originatorId", identifier: decodeIpv4(value) }),
    encode: ({ identifier }, value) => void value.bytes(ipToBytes(identifier)),
  },
  clusterList: {
    ...WITHDRAW,
    code: 10,
    flags: OPTIONAL,
    isFrom: anInternalPeer,
    hasLength: multipleOf(IPV4_LENGTH),
    decode: (value) => ({ type: "clusterList", identifiers: decodeAll(value, decodeIpv4) }),
    encode: ({ identifiers }, value) => {
      for (const identifier of identifiers) value.bytes(ipToBytes(identifier));
    },
  },
  mpReach: {
    code: 14,
    flags: OPTIONAL,
    // Without its routes there is nothing to withdraw (RFC 7606 sections 3 j and 7.11).
    onMalformed: "sessionReset",
    error: "optionalAttributeError",
    hasLength: positive,
    decode: decodeMpReach,
    encode: encodeMpReach,
  },
  mpUnreach: {
    code: 15,
    flags: OPTIONAL,
    onMalformed: "sessionReset",
    error: "optionalAttributeError",
    hasLength: positive,
    decode: decodeMpUnreach,
    encode: encodeMpUnreach,
  },
  extendedCommunities: {
    ...WITHDRAW,
    code: 16,
    flags: OPTIONAL | TRANSITIVE,
    hasLength: multipleOf(8),
    decode: (value) => ({ type: "extendedCommunities", values: decodeExtendedCommunities(value) }),
    encode: ({ values }, value) => encodeExtendedCommunities(values, value),
  },
  as4Path: {
    ...DISCARD,
    code: 17,
    flags: OPTIONAL | TRANSITIVE,
    isFrom: aTwoByteSpeaker,
    error: "optionalAttributeError",
    hasLength: positive,
    decode: (value) => ({ type: "as4Path", segments: decodeSegments(value, true) }),
    encode: ({ segments }, value) => encodeSegments(segments, value, true),
  },
  as4Aggregator: {
    ...DISCARD,
    code: 18,
    flags: OPTIONAL | TRANSITIVE,
    isFrom: aTwoByteSpeaker,
    error: "optionalAttributeError",
    hasLength: exactly(8),
    decode: (value) => ({ type: "as4Aggregator", asn: decodeAsn(value, true), address: decodeIpv4(value) }),
    encode: ({ asn, address }, value) => void value.u32(asn).bytes(ipToBytes(address)),
  },
  largeCommunities: {
    ...WITHDRAW,
    code: 32,
    flags: OPTIONAL | TRANSITIVE,
    hasLength: multipleOf(LARGE_COMMUNITY_LENGTH),
    decode: (value) => ({ type: "largeCommunities", values: decodeAll(value, decodeLargeCommunity) }),
    encode: ({ values }, value) => {
      for (const { administrator, local1, local2 } of values) value.u32(administrator).u32(local1).u32(local2);
    },
  },
};

const codecByCode: ReadonlyMap<number, AttributeCodec<KnownAttribute>> = new Map(
  Object.values(codecs).map((codec) => [codec.code, codec as AttributeCodec<KnownAttribute>]),
);

/** The codec of an attribute's type code; `undefined` if it is not interpreted here. */
export function codecOfCode(code: number): AttributeCodec<KnownAttribute> | undefined {
  return codecByCode.get(code);
}

/** The codec of an attribute. */
export function codecOf(attribute: KnownAttribute): AttributeCodec<KnownAttribute> {
  // The compiler does not see that the codec found under an attribute's type takes that attribute.
  return codecs[attribute.type] as AttributeCodec<KnownAttribute>;
}

/** The type code of a kind of attribute. */
export function codeOfType(type: KnownAttribute["type"]): number {
  return codecs[type].code;
}

/** Whether the address can be one host's (RFC 4271 section 6.3). */
export function isHost(address: Ip): boolean {
  return !isUnspecified(address) && !isMulticast(address) && address !== "255.255.255.255";
}

function host(address: Ipv4): Ipv4 {
  if (!isHost(address)) throw new DecodeError("malformed", `${address} is no host`);
  return address;
}

/** A confederation keeps its segments to itself (RFC 5065 section 5). */
function decodeAsPath(value: Reader, { fourByteAs, peer }: CodecOptions): AsPathSegment[] {
  const segments = decodeSegments(value, fourByteAs);
  if (peer === "external" && segments.some(isConfederation)) {
    throw new DecodeError("malformed", "a confederation's segment from outside");
  }
  return segments;
}

function decodeOrigin(code: number): Origin {
  const origin = ORIGINS[code];
  if (!origin) throw new DecodeError("malformed", `origin ${code}`);
  return origin;
}

function decodeIpv4(value: Reader): Ipv4 {
  return ipv4FromBytes(value.bytes(IPV4_LENGTH));
}

function decodeLargeCommunity(value: Reader): LargeCommunity {
  return { administrator: value.u32(), local1: value.u32(), local2: value.u32() };
}

function decodeAll<T>(value: Reader, decode: (value: Reader) => T): T[] {
  const all: T[] = [];
  while (value.remaining > 0) all.push(decode(value));
  return all;
}
