import {
  DecodeError,
  IPV4_LENGTH,
  type Ipv4,
  ipToBytes,
  ipv4FromBytes,
  isUnspecified,
  Reader,
  Writer,
} from "@heraldlb/net";
import { AS_TRANS, encodeAsn } from "./as-path.ts";
import { BgpError } from "./bgp-error.ts";
import type { Capability } from "./capability.ts";
import { decodeCapability, encodeCapability } from "./capability-codec.ts";
import { notification } from "./notification.ts";

/** A session's first message (RFC 4271 section 4.2), always of version 4. */
export interface Open {
  readonly type: "open";
  /** 1 to 4294967295: the one in the four-byte AS capability if that is there (RFC 6793), else 1 to 65535. */
  readonly asn: number;
  /** 0 (no keepalives) or 3 to 65535. */
  readonly holdSeconds: number;
  readonly identifier: Ipv4;
  readonly capabilities: readonly Capability[];
}

const VERSION = 4;
const SHORTEST_HOLD = 3;
const CAPABILITIES = 2;
const LONGEST_SHORT = 0xff;

/** In place of a parameter's type: the lengths that follow have two bytes (RFC 9072 section 2). */
const EXTENDED = 0xff;

/** Reads an OPEN from behind the header. Throws `BgpError` with what RFC 4271 section 6.2 says to send. */
export function decodeOpen(r: Reader): Open {
  const version = r.u8();
  if (version !== VERSION) {
    throw new BgpError(notification("unsupportedVersionNumber", Uint8Array.of(0, VERSION)), `version ${version}`);
  }
  const twoByteAs = r.u16();
  const holdSeconds = r.u16();
  const identifier = ipv4FromBytes(r.bytes(IPV4_LENGTH));
  const { capabilities, fourByteAs } = decodeParameters(r);
  const asn = agreedAs(twoByteAs, fourByteAs);
  if (holdSeconds > 0 && holdSeconds < SHORTEST_HOLD) {
    throw new BgpError(notification("unacceptableHoldTime"), `hold time ${holdSeconds} s`);
  }
  if (isUnspecified(identifier)) throw new BgpError(notification("badBgpIdentifier"), `identifier ${identifier}`);
  return { type: "open", asn, holdSeconds, identifier, capabilities };
}

/** Writes an OPEN from behind the header, with lengths of two bytes only where one does not do (RFC 9072). */
export function encodeOpen({ asn, holdSeconds, identifier, capabilities }: Open, w: Writer): void {
  w.u8(VERSION);
  encodeAsn(asn, w, false);
  w.u16(holdSeconds).bytes(ipToBytes(identifier));
  const value = new Writer();
  for (const capability of capabilities) encodeCapability(capability, value, asn);
  const bytes = value.toBytes();
  if (bytes.length === 0) w.u8(0);
  else if (bytes.length + 2 <= LONGEST_SHORT) {
    w.u8(bytes.length + 2)
      .u8(CAPABILITIES)
      .u8(bytes.length)
      .bytes(bytes);
  } else {
    w.u8(EXTENDED)
      .u8(EXTENDED)
      .sized16((parameters) => parameters.u8(CAPABILITIES).sized16((parameter) => parameter.bytes(bytes)));
  }
}

interface Parameters {
  readonly capabilities: readonly Capability[];
  readonly fourByteAs: number | undefined;
}

function decodeParameters(r: Reader): Parameters {
  const capabilities: Capability[] = [];
  let fourByteAs: number | undefined;
  try {
    for (const parameter of parametersOf(r)) {
      while (parameter.remaining > 0) {
        const code = parameter.u8();
        const value = parameter.bytes(parameter.u8());
        const capability = decodeCapability(code, value);
        if (capability.type === "fourByteAs") fourByteAs ??= new Reader(value).u32();
        capabilities.push(capability);
      }
    }
  } catch (cause) {
    if (cause instanceof BgpError || !(cause instanceof DecodeError)) throw cause;
    throw new BgpError(notification("openMessageError"), `optional parameters: ${cause.message}`);
  }
  return { capabilities, fourByteAs };
}

function* parametersOf(r: Reader): Generator<Reader, void, undefined> {
  const shortLength = r.u8();
  const bytes = r.bytes(r.remaining);
  const rest = new Reader(bytes);
  const isExtended = shortLength > 0 && bytes[0] === EXTENDED;
  if (isExtended) rest.skip(1);
  const length = isExtended ? rest.u16() : shortLength;
  if (length !== rest.remaining) throw new DecodeError("malformed", `${rest.remaining} bytes instead of ${length}`);
  while (rest.remaining > 0) {
    const type = rest.u8();
    const parameter = rest.sub(isExtended ? rest.u16() : rest.u8());
    if (type !== CAPABILITIES) throw new BgpError(notification("unsupportedOptionalParameter"), `parameter ${type}`);
    yield parameter;
  }
}

/** AS numbers are never 0 (RFC 7607), and the field of two bytes holds AS_TRANS or the same as that of four. */
function agreedAs(twoByteAs: number, fourByteAs: number | undefined): number {
  const asn = fourByteAs ?? twoByteAs;
  if (asn === 0 || twoByteAs === 0) throw new BgpError(notification("badPeerAs"), "AS 0");
  if (twoByteAs !== AS_TRANS && twoByteAs !== asn)
    throw new BgpError(notification("badPeerAs"), `AS ${twoByteAs} and AS ${asn}`);
  return asn;
}
