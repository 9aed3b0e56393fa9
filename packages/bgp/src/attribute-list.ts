import { DecodeError, isUnspecified, Reader, Writer } from "@heraldlb/net";
import { mergeAs4, splitAs4 } from "./as4.ts";
import type { NextHop, PathAttribute } from "./attribute.ts";
import {
  type AttributeCodec,
  codecOf,
  codecOfCode,
  codeOfType,
  isHost,
  type KnownAttribute,
  OPTIONAL,
  TRANSITIVE,
  type WireAttribute,
} from "./attribute-codec.ts";
import type { CodecOptions } from "./negotiation.ts";
import { type NotificationError, notification } from "./notification.ts";
import type { UpdateAction, UpdateError } from "./update-error.ts";

/** Path attributes as received. */
export interface AttributeList {
  /** Those that are understood, and unknown ones to be passed on. */
  readonly attributes: readonly PathAttribute[];
  /** The types of all, also of malformed and ignored ones. */
  readonly codes: ReadonlySet<number>;
  readonly errors: readonly UpdateError[];
}

const PARTIAL = 0x20;
const EXTENDED_LENGTH = 0x10;
const LONGEST_SHORT = 0xff;
const TYPICAL_LENGTH = 128;

interface RawAttribute {
  readonly flags: number;
  readonly code: number;
  readonly value: Uint8Array;
  /** With its header, as a NOTIFICATION quotes it (RFC 4271 section 6.3). */
  readonly whole: Uint8Array;
}

/** Reads attributes as far as possible (RFC 7606 sections 3, 4 and 7). */
export function decodeAttributes(bytes: Uint8Array, options: CodecOptions): AttributeList {
  const attributes: WireAttribute[] = [];
  const codes = new Set<number>();
  const errors: UpdateError[] = [];
  for (let rest = bytes; rest.length > 0; ) {
    const raw = takeRaw(rest);
    if (!raw) {
      errors.push(overrun(rest));
      break;
    }
    rest = rest.subarray(raw.whole.length);
    const attribute = codes.has(raw.code) ? refuseRepeated(raw, errors) : decodeAttribute(raw, options, errors);
    codes.add(raw.code);
    if (attribute) attributes.push(attribute);
  }
  return { attributes: mergeAs4(attributes), codes, errors };
}

/**
 * Writes attributes in the order of their codes, but routes first (RFC 4271 section 5, RFC 7606 section 5.1). Throws
 * `RangeError` for two of a kind, and for an `unknown` one that is known.
 */
export function encodeAttributes(attributes: readonly PathAttribute[], w: Writer, options: CodecOptions): void {
  const all = options.fourByteAs ? attributes : splitAs4(attributes);
  // One buffer for all values: a value's length stands before it, and one or two bytes depend on that.
  const values = new Writer(TYPICAL_LENGTH);
  const headers = all
    .toSorted((a, b) => rank(a) - rank(b))
    .map((attribute) => {
      const start = values.length;
      const flags = encodeValue(attribute, values, options);
      return { flags, code: attributeCode(attribute), start, end: values.length };
    });
  const bytes = values.toBytes();
  let last: number | undefined;
  for (const { flags, code, start, end } of headers) {
    if (code === last) throw new RangeError(`attribute ${code} twice`);
    last = code;
    const length = end - start;
    if (length > LONGEST_SHORT)
      w.u8(flags | EXTENDED_LENGTH)
        .u8(code)
        .u16(length);
    else w.u8(flags).u8(code).u8(length);
    w.bytes(bytes.subarray(start, end));
  }
}

/** What the attribute that should stand here means for the routes (RFC 7606 section 4): if it has them, they are lost. */
function overrun(bytes: Uint8Array): UpdateError {
  const { onMalformed } = codecOfCode(bytes[1] ?? 0) ?? {};
  return {
    action: onMalformed === "sessionReset" ? "sessionReset" : "treatAsWithdraw",
    message: "the last attribute does not end with the list",
    notification: notification("malformedAttributeList"),
  };
}

/** `undefined` if it does not end within the bytes. */
function takeRaw(bytes: Uint8Array): RawAttribute | undefined {
  const flags = bytes[0] ?? 0;
  const isLong = (flags & EXTENDED_LENGTH) !== 0;
  const start = isLong ? 4 : 3;
  if (bytes.length < start) return undefined;
  const length = bytes[2] ?? 0;
  const end = start + (isLong ? (length << 8) | (bytes[3] ?? 0) : length);
  if (bytes.length < end) return undefined;
  return { flags, code: bytes[1] ?? 0, value: bytes.subarray(start, end), whole: bytes.subarray(0, end) };
}

/** The first one counts, but of routes there must not be a second (RFC 7606 section 3 g). */
function refuseRepeated(raw: RawAttribute, errors: UpdateError[]): undefined {
  const action = codecOfCode(raw.code)?.onMalformed === "sessionReset" ? "sessionReset" : "attributeDiscard";
  errors.push(problem(raw, action, { error: "malformedAttributeList", message: "again" }));
}

function decodeAttribute(raw: RawAttribute, options: CodecOptions, errors: UpdateError[]): WireAttribute | undefined {
  const codec = codecOfCode(raw.code);
  if (!codec) return decodeUnknown(raw, errors);
  if (codec.isFrom?.(options) === false) {
    errors.push(problem(raw, "attributeDiscard", { error: "updateMessageError", message: "not from this peer" }));
    return undefined;
  }
  if ((raw.flags & (OPTIONAL | TRANSITIVE)) !== codec.flags) {
    errors.push(problem(raw, "treatAsWithdraw", { error: "attributeFlagsError", message: `flags ${raw.flags}` }));
    // What is to be withdrawn must be known, whatever the flags of the attribute that has it.
    if (codec.onMalformed !== "sessionReset") return undefined;
  }
  if (!codec.hasLength(raw.value.length, options)) {
    errors.push(
      problem(raw, codec.onMalformed, { error: "attributeLengthError", message: `${raw.value.length} bytes` }),
    );
    return undefined;
  }
  const attribute = decodeKnown(codec, raw, { options, errors });
  if (attribute?.type === "mpReach" && !isUsable(attribute.nextHop)) {
    errors.push(
      problem(raw, "treatAsWithdraw", {
        error: "invalidNextHopAttribute",
        message: `${attribute.nextHop.address} is no host`,
      }),
    );
  }
  return attribute;
}

interface Context {
  readonly options: CodecOptions;
  readonly errors: UpdateError[];
}

function decodeKnown(
  codec: AttributeCodec<KnownAttribute>,
  raw: RawAttribute,
  { options, errors }: Context,
): KnownAttribute | undefined {
  const value = new Reader(raw.value);
  try {
    const attribute = codec.decode(value, options);
    value.end();
    if (!attribute)
      errors.push(
        problem(raw, "attributeDiscard", { error: codec.error, message: "routes of a family that is not spoken" }),
      );
    return attribute;
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    errors.push(problem(raw, codec.onMalformed, { error: codec.error, message: error.message }));
    return undefined;
  }
}

/** An unknown attribute is passed on, ignored, or a sign that the peer speaks another protocol (RFC 4271 section 5). */
function decodeUnknown(raw: RawAttribute, errors: UpdateError[]): WireAttribute | undefined {
  if ((raw.flags & OPTIONAL) === 0) {
    errors.push(problem(raw, "sessionReset", { error: "unrecognizedWellKnownAttribute", message: "not known" }));
    return undefined;
  }
  return (raw.flags & TRANSITIVE) === 0 ? undefined : { type: "unknown", code: raw.code, value: raw.value };
}

/** Some send no global address beside the link-local one. */
function isUsable({ address, linkLocal }: NextHop): boolean {
  return isHost(address) || (isUnspecified(address) && linkLocal !== undefined);
}

function problem({ code, whole }: RawAttribute, action: UpdateAction, { error, message }: Trouble): UpdateError {
  return {
    action,
    attribute: code,
    message: `attribute ${code}: ${message}`,
    notification: notification(error, whole),
  };
}

interface Trouble {
  readonly error: NotificationError;
  readonly message: string;
}

/** Returns the attribute's flags. */
function encodeValue(attribute: WireAttribute, values: Writer, options: CodecOptions): number {
  if (attribute.type !== "unknown") {
    const codec = codecOf(attribute);
    codec.encode(attribute, values, options);
    return codec.flags;
  }
  if (codecOfCode(attribute.code)) throw new RangeError(`attribute ${attribute.code} is not unknown`);
  values.bytes(attribute.value);
  return OPTIONAL | TRANSITIVE | PARTIAL;
}

function attributeCode(attribute: WireAttribute): number {
  return attribute.type === "unknown" ? attribute.code : codeOfType(attribute.type);
}

function rank(attribute: WireAttribute): number {
  return attribute.type === "mpReach" || attribute.type === "mpUnreach" ? -1 : attributeCode(attribute);
}
