import {
  DecodeError,
  IPV6_LENGTH,
  type Ipv6,
  ipToBytes,
  ipv6FromBytes,
  MAC_LENGTH,
  type Mac,
  macFromBytes,
  macToBytes,
  type Prefix,
  prefixAddress,
  prefixLength,
  prefixOf,
  type Reader,
  Writer,
} from "@heraldlb/net";

/** A Neighbor Discovery option (RFC 4861 section 4.6). `unknown` keeps one that Herald does not interpret. */
export type NdpOption =
  | { readonly type: "sourceLinkLayer"; readonly mac: Mac }
  | { readonly type: "targetLinkLayer"; readonly mac: Mac }
  | PrefixInformation
  | { readonly type: "redirectedHeader"; readonly packet: Uint8Array }
  | { readonly type: "mtu"; readonly mtu: number }
  | { readonly type: "unknown"; readonly code: number; readonly value: Uint8Array };

/** A prefix of the link, with its two lifetimes (RFC 4861 section 4.6.2). */
export interface PrefixInformation {
  readonly type: "prefixInformation";
  readonly prefix: Prefix;
  readonly onLink: boolean;
  readonly autonomous: boolean;
  /** 0xffffffff is infinity. */
  readonly validSeconds: number;
  /** 0xffffffff is infinity. */
  readonly preferredSeconds: number;
}

type KnownType = Exclude<NdpOption["type"], "unknown">;

interface OptionCodec<O extends NdpOption> {
  readonly code: number;
  decode(value: Reader): O;
  encode(option: O, value: Writer): void;
}

// The mapped type keeps the table complete: an option without a codec does not compile.
const codecs: { readonly [T in KnownType]: OptionCodec<Extract<NdpOption, { type: T }>> } = {
  sourceLinkLayer: {
    code: 1,
    decode: (value) => ({ type: "sourceLinkLayer", mac: macFromBytes(value.bytes(MAC_LENGTH)) }),
    encode: ({ mac }, value) => void value.bytes(macToBytes(mac)),
  },
  targetLinkLayer: {
    code: 2,
    decode: (value) => ({ type: "targetLinkLayer", mac: macFromBytes(value.bytes(MAC_LENGTH)) }),
    encode: ({ mac }, value) => void value.bytes(macToBytes(mac)),
  },
  prefixInformation: { code: 3, decode: decodePrefixInformation, encode: encodePrefixInformation },
  redirectedHeader: {
    code: 4,
    decode: (value) => {
      value.skip(6);
      return { type: "redirectedHeader", packet: value.bytes(value.remaining) };
    },
    encode: ({ packet }, value) => void value.u16(0).u32(0).bytes(packet),
  },
  mtu: {
    code: 5,
    decode: (value) => {
      value.skip(2);
      return { type: "mtu", mtu: value.u32() };
    },
    encode: ({ mtu }, value) => void value.u16(0).u32(mtu),
  },
};

const codecByCode: ReadonlyMap<number, OptionCodec<NdpOption>> = new Map(
  Object.values(codecs).map((codec) => [codec.code, codec as OptionCodec<NdpOption>]),
);

/** Lengths are in units of this many bytes and count the option's own type and length. */
const UNIT = 8;

const HEADER_LENGTH = 2;
const LONGEST_UNITS = 0xff;
const ON_LINK = 0x80;
const AUTONOMOUS = 0x40;

/** Reads options up to the end of the message. */
export function decodeOptions(r: Reader): NdpOption[] {
  const options: NdpOption[] = [];
  while (r.remaining > 0) {
    const code = r.u8();
    const units = r.u8();
    if (units === 0) throw new DecodeError("malformed", `option ${code} has length 0`);
    options.push(decodeOption(code, r.sub(units * UNIT - HEADER_LENGTH)));
  }
  return options;
}

/** Writes options. One whose bytes do not fill units of 8, or more than 255 of them, throws `RangeError`. */
export function encodeOptions(options: readonly NdpOption[], w: Writer): void {
  for (const option of options) {
    const value = new Writer(2 * UNIT);
    const code = encodeValue(option, value);
    const units = (value.length + HEADER_LENGTH) / UNIT;
    if (!Number.isInteger(units) || units > LONGEST_UNITS) {
      throw new RangeError(`option ${code} cannot have ${value.length + HEADER_LENGTH} bytes`);
    }
    w.u8(code).u8(units).bytes(value.toBytes());
  }
}

function decodeOption(code: number, value: Reader): NdpOption {
  const codec = codecByCode.get(code);
  if (!codec) return { type: "unknown", code, value: value.bytes(value.remaining) };
  const option = codec.decode(value);
  value.end();
  return option;
}

/** Returns the option's code. */
function encodeValue(option: NdpOption, value: Writer): number {
  if (option.type === "unknown") {
    if (codecByCode.has(option.code)) throw new RangeError(`option ${option.code} is not unknown`);
    value.bytes(option.value);
    return option.code;
  }
  // The compiler does not see that the codec found under an option's type takes that option.
  const codec = codecs[option.type] as OptionCodec<NdpOption>;
  codec.encode(option, value);
  return codec.code;
}

function decodePrefixInformation(value: Reader): PrefixInformation {
  const length = value.u8();
  if (length > 8 * IPV6_LENGTH) throw new DecodeError("malformed", `a prefix of ${length} bits`);
  const flags = value.u8();
  const validSeconds = value.u32();
  const preferredSeconds = value.u32();
  value.skip(4);
  // The receiver must ignore the bits after the prefix's length, which `prefixOf` clears.
  const prefix = prefixOf(ipv6FromBytes(value.bytes(IPV6_LENGTH)), length);
  return {
    type: "prefixInformation",
    prefix,
    onLink: (flags & ON_LINK) !== 0,
    autonomous: (flags & AUTONOMOUS) !== 0,
    validSeconds,
    preferredSeconds,
  };
}

function encodePrefixInformation(option: PrefixInformation, value: Writer): void {
  value
    .u8(prefixLength(option.prefix))
    .u8((option.onLink ? ON_LINK : 0) | (option.autonomous ? AUTONOMOUS : 0))
    .u32(option.validSeconds)
    .u32(option.preferredSeconds)
    .u32(0)
    .bytes(ipToBytes(prefixAddress(option.prefix) as Ipv6));
}
