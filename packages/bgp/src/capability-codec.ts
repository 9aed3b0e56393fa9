import { DecodeError, Reader, Writer } from "@heraldlb/net";
import { afiOf, decodeFamily, encodeFamily, familyOfAfi, UNICAST } from "./address-family.ts";
import type { AddPath, Capability, ExtendedNextHop, GracefulRestart, LongLivedGracefulRestart } from "./capability.ts";

type KnownCapability = Exclude<Capability, { type: "unknown" }>;

interface CapabilityCodec<C extends KnownCapability> {
  readonly code: number;
  /** `asn` is the OPEN's. */
  encode(capability: C, value: Writer, asn: number): void;
  /** `undefined` if the value is about something that Herald does not speak. */
  decode(value: Reader): C | undefined;
}

const FORWARDING = 0x80;
const RESTARTED = 0x8000;
const NOTIFICATION = 0x4000;
const LONGEST_RESTART = 0xfff;
const LONGEST_STALE = 0xff_ffff;
const ADD_PATH_MODES = { receive: 1, send: 2, both: 3 } as const;

const decodeText = (bytes: Uint8Array) => new TextDecoder("utf-8", { fatal: true }).decode(bytes);

// The mapped type keeps the table complete: a capability without a codec does not compile.
const codecs: {
  readonly [T in KnownCapability["type"]]: CapabilityCodec<Extract<KnownCapability, { type: T }>>;
} = {
  multiprotocol: {
    code: 1,
    encode: ({ family }, value) => void value.u16(afiOf(family)).u8(0).u8(UNICAST),
    decode: (value) => {
      const family = familyOfAfi(value.u16());
      value.skip(1);
      return value.u8() === UNICAST && family ? { type: "multiprotocol", family } : undefined;
    },
  },
  routeRefresh: { code: 2, encode: () => {}, decode: () => ({ type: "routeRefresh" }) },
  extendedNextHop: {
    code: 5,
    encode: ({ entries }, value) => {
      for (const { family, nextHop } of entries) value.u16(afiOf(family)).u16(UNICAST).u16(afiOf(nextHop));
    },
    decode: (value) => ({ type: "extendedNextHop", entries: decodeEntries(value, decodeExtendedNextHop) }),
  },
  extendedMessage: { code: 6, encode: () => {}, decode: () => ({ type: "extendedMessage" }) },
  gracefulRestart: { code: 64, encode: encodeGracefulRestart, decode: decodeGracefulRestart },
  fourByteAs: {
    code: 65,
    encode: (_capability, value, asn) => void value.u32(asn),
    decode: (value) => {
      value.skip(4);
      return { type: "fourByteAs" };
    },
  },
  addPath: {
    code: 69,
    encode: ({ entries }, value) => {
      for (const { family, mode } of entries) {
        encodeFamily(family, value);
        value.u8(ADD_PATH_MODES[mode]);
      }
    },
    decode: (value) => ({ type: "addPath", entries: decodeEntries(value, decodeAddPath) }),
  },
  enhancedRouteRefresh: { code: 70, encode: () => {}, decode: () => ({ type: "enhancedRouteRefresh" }) },
  longLivedGracefulRestart: {
    code: 71,
    encode: ({ entries }, value) => {
      for (const { family, forwarding, staleSeconds } of entries) {
        if (staleSeconds > LONGEST_STALE) throw new RangeError(`a stale time of ${staleSeconds} s`);
        encodeFamily(family, value);
        value
          .u8(forwarding ? FORWARDING : 0)
          .u8(staleSeconds >>> 16)
          .u16(staleSeconds & 0xffff);
      }
    },
    decode: (value) => ({ type: "longLivedGracefulRestart", entries: decodeEntries(value, decodeLongLived) }),
  },
  hostname: {
    code: 73,
    encode: ({ hostname, domain }, value) => {
      for (const text of [hostname, domain]) {
        const bytes = new TextEncoder().encode(text);
        value.u8(bytes.length).bytes(bytes);
      }
    },
    decode: (value) => {
      const [hostname, domain] = [value.bytes(value.u8()), value.bytes(value.u8())];
      return { type: "hostname", hostname: decodeText(hostname), domain: decodeText(domain) };
    },
  },
};

const codecByCode: ReadonlyMap<number, CapabilityCodec<KnownCapability>> = new Map(
  Object.values(codecs).map((codec) => [codec.code, codec as CapabilityCodec<KnownCapability>]),
);

/** What a capability's value says. A malformed one counts as not understood, for nothing else is agreed on. */
export function decodeCapability(code: number, bytes: Uint8Array): Capability {
  return decodeKnown(code, bytes) ?? { type: "unknown", code, value: bytes };
}

/** Writes a capability with its code and length (RFC 5492 section 4). `asn` is the OPEN's. */
export function encodeCapability(capability: Capability, w: Writer, asn: number): void {
  if (capability.type === "unknown") {
    w.u8(capability.code).u8(capability.value.length).bytes(capability.value);
    return;
  }
  const value = new Writer();
  // The compiler does not see that the codec found under a capability's type takes that capability.
  const codec = codecs[capability.type] as CapabilityCodec<KnownCapability>;
  codec.encode(capability, value, asn);
  w.u8(codec.code).u8(value.length).bytes(value.toBytes());
}

function decodeKnown(code: number, bytes: Uint8Array): Capability | undefined {
  const value = new Reader(bytes);
  try {
    const capability = codecByCode.get(code)?.decode(value);
    value.end();
    return capability;
  } catch (error) {
    // A TypeError is how TextDecoder says that bytes are no UTF-8.
    if (error instanceof DecodeError || error instanceof TypeError) return undefined;
    throw error;
  }
}

/** The entries that are about a family spoken here. */
function decodeEntries<T>(value: Reader, decode: (value: Reader) => T | undefined): readonly T[] {
  const entries: T[] = [];
  while (value.remaining > 0) {
    const entry = decode(value);
    if (entry !== undefined) entries.push(entry);
  }
  return entries;
}

function decodeExtendedNextHop(value: Reader): ExtendedNextHop | undefined {
  const family = familyOfAfi(value.u16());
  const safi = value.u16();
  const nextHop = familyOfAfi(value.u16());
  return family && nextHop && safi === UNICAST ? { family, nextHop } : undefined;
}

function decodeAddPath(value: Reader): AddPath | undefined {
  const family = decodeFamily(value);
  const code = value.u8();
  const mode = (["receive", "send", "both"] as const).find((name) => ADD_PATH_MODES[name] === code);
  return family && mode && { family, mode };
}

function decodeLongLived(value: Reader): LongLivedGracefulRestart | undefined {
  const family = decodeFamily(value);
  const forwarding = (value.u8() & FORWARDING) !== 0;
  const staleSeconds = (value.u8() << 16) | value.u16();
  return family && { family, forwarding, staleSeconds };
}

function decodeGracefulRestart(value: Reader): GracefulRestart {
  const head = value.u16();
  return {
    type: "gracefulRestart",
    restarted: (head & RESTARTED) !== 0,
    notification: (head & NOTIFICATION) !== 0,
    restartSeconds: head & LONGEST_RESTART,
    entries: decodeEntries(value, (entry) => {
      const family = decodeFamily(entry);
      const forwarding = (entry.u8() & FORWARDING) !== 0;
      return family && { family, forwarding };
    }),
  };
}

function encodeGracefulRestart(capability: GracefulRestart, value: Writer): void {
  const { restarted, notification, restartSeconds, entries } = capability;
  if (restartSeconds > LONGEST_RESTART) throw new RangeError(`a restart time of ${restartSeconds} s`);
  value.u16((restarted ? RESTARTED : 0) | (notification ? NOTIFICATION : 0) | restartSeconds);
  for (const { family, forwarding } of entries) {
    encodeFamily(family, value);
    value.u8(forwarding ? FORWARDING : 0);
  }
}
