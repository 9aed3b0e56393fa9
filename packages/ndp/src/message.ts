import { DecodeError, IPV6_LENGTH, type Ipv6, ipToBytes, ipv6FromBytes, type Reader, type Writer } from "@heraldlb/net";
import { decodeOptions, encodeOptions, type NdpOption } from "./option.ts";

/** A Neighbor Discovery message (RFC 4861 section 4), Redirect excepted. */
export type NdpMessage = NeighborSolicitation | NeighborAdvertisement | RouterSolicitation | RouterAdvertisement;

/** Asks for the MAC behind an address (RFC 4861 section 4.3). */
export interface NeighborSolicitation {
  readonly type: "neighborSolicitation";
  readonly target: Ipv6;
  readonly options: readonly NdpOption[];
}

/** Says at which MAC an address is (RFC 4861 section 4.4). */
export interface NeighborAdvertisement {
  readonly type: "neighborAdvertisement";
  readonly target: Ipv6;
  /** The sender is a router. */
  readonly router: boolean;
  /** It answers a solicitation of its receiver. */
  readonly solicited: boolean;
  /** It overrules what the receiver has in its cache. */
  readonly override: boolean;
  readonly options: readonly NdpOption[];
}

/** Asks routers to advertise themselves at once (RFC 4861 section 4.1). */
export interface RouterSolicitation {
  readonly type: "routerSolicitation";
  readonly options: readonly NdpOption[];
}

/** What a router says about itself and its link (RFC 4861 section 4.2). */
export interface RouterAdvertisement {
  readonly type: "routerAdvertisement";
  /** 0: not specified. */
  readonly hopLimit: number;
  /** Addresses are available by DHCPv6. */
  readonly managed: boolean;
  /** Other configuration is available by DHCPv6. */
  readonly otherConfig: boolean;
  /** 0: not a default router. */
  readonly lifetimeSeconds: number;
  /** 0: not specified. */
  readonly reachableMs: number;
  /** 0: not specified. */
  readonly retransmitMs: number;
  readonly options: readonly NdpOption[];
}

interface MessageCodec<M extends NdpMessage> {
  readonly icmpType: number;
  /** From behind the checksum to the end of the message. */
  decode(body: Reader): M;
  encode(message: M, body: Writer): void;
}

const ROUTER = 0x80;
const SOLICITED = 0x40;
const OVERRIDE = 0x20;
const MANAGED = 0x80;
const OTHER_CONFIG = 0x40;

// The mapped type keeps the table complete: a message without a codec does not compile.
const codecs: { readonly [T in NdpMessage["type"]]: MessageCodec<Extract<NdpMessage, { type: T }>> } = {
  routerSolicitation: {
    icmpType: 133,
    decode: (body) => {
      body.skip(4);
      return { type: "routerSolicitation", options: decodeOptions(body) };
    },
    encode: (_message, body) => void body.u32(0),
  },
  routerAdvertisement: { icmpType: 134, decode: decodeRouterAdvertisement, encode: encodeRouterAdvertisement },
  neighborSolicitation: {
    icmpType: 135,
    decode: (body) => {
      body.skip(4);
      const target = ipv6FromBytes(body.bytes(IPV6_LENGTH));
      return { type: "neighborSolicitation", target, options: decodeOptions(body) };
    },
    encode: ({ target }, body) => void body.u32(0).bytes(ipToBytes(target)),
  },
  neighborAdvertisement: {
    icmpType: 136,
    decode: decodeNeighborAdvertisement,
    encode: ({ router, solicited, override, target }, body) => {
      const flags = (router ? ROUTER : 0) | (solicited ? SOLICITED : 0) | (override ? OVERRIDE : 0);
      body.u8(flags).u8(0).u16(0).bytes(ipToBytes(target));
    },
  },
};

const codecByIcmpType: ReadonlyMap<number, MessageCodec<NdpMessage>> = new Map(
  Object.values(codecs).map((codec) => [codec.icmpType, codec as MessageCodec<NdpMessage>]),
);

/** Reads what follows the ICMPv6 header of a message of that type. */
export function decodeMessage(icmpType: number, body: Reader): NdpMessage {
  const codec = codecByIcmpType.get(icmpType);
  if (!codec) throw new DecodeError("unsupported", `ICMPv6 type ${icmpType}`);
  return codec.decode(body);
}

/** The ICMPv6 type of a message. */
export function icmpTypeOf(message: NdpMessage): number {
  return codecs[message.type].icmpType;
}

/** Writes what follows the ICMPv6 header, options included. */
export function encodeMessage(message: NdpMessage, body: Writer): void {
  // The compiler does not see that the codec found under a message's type takes that message.
  (codecs[message.type] as MessageCodec<NdpMessage>).encode(message, body);
  encodeOptions(message.options, body);
}

function decodeNeighborAdvertisement(body: Reader): NeighborAdvertisement {
  const flags = body.u8();
  body.skip(3);
  const target = ipv6FromBytes(body.bytes(IPV6_LENGTH));
  return {
    type: "neighborAdvertisement",
    target,
    router: (flags & ROUTER) !== 0,
    solicited: (flags & SOLICITED) !== 0,
    override: (flags & OVERRIDE) !== 0,
    options: decodeOptions(body),
  };
}

function decodeRouterAdvertisement(body: Reader): RouterAdvertisement {
  const hopLimit = body.u8();
  const flags = body.u8();
  return {
    type: "routerAdvertisement",
    hopLimit,
    managed: (flags & MANAGED) !== 0,
    otherConfig: (flags & OTHER_CONFIG) !== 0,
    lifetimeSeconds: body.u16(),
    reachableMs: body.u32(),
    retransmitMs: body.u32(),
    options: decodeOptions(body),
  };
}

function encodeRouterAdvertisement(message: RouterAdvertisement, body: Writer): void {
  body
    .u8(message.hopLimit)
    .u8((message.managed ? MANAGED : 0) | (message.otherConfig ? OTHER_CONFIG : 0))
    .u16(message.lifetimeSeconds)
    .u32(message.reachableMs)
    .u32(message.retransmitMs);
}
