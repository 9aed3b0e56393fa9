import { DecodeError, type Reader, type Writer } from "@heraldlb/net";

/** The authentication section of a control packet (RFC 5880 sections 4.2 to 4.4). Read, never verified. */
export type BfdAuthentication =
  | { readonly type: "simplePassword"; readonly keyId: number; readonly password: Uint8Array }
  | {
      readonly type: DigestType;
      readonly keyId: number;
      readonly sequence: number;
      readonly digest: Uint8Array;
    }
  /** A type that RFC 5880 does not define. */
  | { readonly type: "unknown"; readonly code: number; readonly value: Uint8Array };

type DigestType = "keyedMd5" | "meticulousKeyedMd5" | "keyedSha1" | "meticulousKeyedSha1";

const SIMPLE_PASSWORD = 1;
const PASSWORD_MAX = 16;
const HEADER = 2;
const DIGESTS = [
  { type: "keyedMd5", code: 2, digestLength: 16 },
  { type: "meticulousKeyedMd5", code: 3, digestLength: 16 },
  { type: "keyedSha1", code: 4, digestLength: 20 },
  { type: "meticulousKeyedSha1", code: 5, digestLength: 20 },
] as const satisfies readonly { readonly type: DigestType; readonly code: number; readonly digestLength: number }[];

/** Reads a section. Byte slices are views. */
export function decodeAuthentication(r: Reader): BfdAuthentication {
  const code = r.u8();
  // Counts the type and itself too.
  const body = r.sub(r.u8() - HEADER);
  if (code === SIMPLE_PASSWORD) {
    const keyId = body.u8();
    if (body.remaining === 0 || body.remaining > PASSWORD_MAX) {
      throw new DecodeError("malformed", `a password of ${body.remaining} bytes`);
    }
    return { type: "simplePassword", keyId, password: body.bytes(body.remaining) };
  }
  const digest = DIGESTS.find((candidate) => candidate.code === code);
  if (!digest) return { type: "unknown", code, value: body.bytes(body.remaining) };
  const keyId = body.u8();
  body.skip(1);
  const sequence = body.u32();
  const bytes = body.bytes(digest.digestLength);
  body.end();
  return { type: digest.type, keyId, sequence, digest: bytes };
}

/** Writes a section. Lengths that its type does not allow are the caller's bug: `RangeError`. */
export function encodeAuthentication(section: BfdAuthentication, w: Writer): void {
  if (section.type === "unknown") {
    const { code, value } = section;
    if (code === SIMPLE_PASSWORD || DIGESTS.some((digest) => digest.code === code)) {
      throw new RangeError(`authentication type ${code} is not unknown`);
    }
    w.u8(code)
      .u8(HEADER + value.length)
      .bytes(value);
    return;
  }
  if (section.type === "simplePassword") {
    const { keyId, password } = section;
    if (password.length === 0 || password.length > PASSWORD_MAX) {
      throw new RangeError(`a password of ${password.length} bytes`);
    }
    w.u8(SIMPLE_PASSWORD)
      .u8(HEADER + 1 + password.length)
      .u8(keyId)
      .bytes(password);
    return;
  }
  const { type, keyId, sequence, digest } = section;
  const known = DIGESTS.find((candidate) => candidate.type === type);
  if (digest.length !== known?.digestLength) throw new RangeError(`a digest of ${digest.length} bytes`);
  w.u8(known.code)
    .u8(HEADER + 6 + digest.length)
    .u8(keyId)
    .u8(0)
    .u32(sequence)
    .bytes(digest);
}
