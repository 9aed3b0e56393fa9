import { DecodeError, Reader, Writer } from "@heraldlb/net";

/**
 * The payload of Herald's echo packets. RFC 5880 leaves it to the sender, who alone reads it when it has come back.
 */
export interface BfdEcho {
  /** The sender's local discriminator. */
  readonly discriminator: number;
  /** Counts the echo packets of a session; wraps. */
  readonly sequence: number;
  /** Eight random bytes of the session, so that who does not see its packets cannot forge one (RFC 5880 section 9). */
  readonly key: Uint8Array;
}

/** Bytes in an echo packet's key. */
export const ECHO_KEY_LENGTH = 8;

const MAGIC = 0x4845_4245;
const LENGTH = 12 + ECHO_KEY_LENGTH;

/** Decodes a UDP payload that should be an echo packet of Herald's. The key is a view. */
export function decodeEcho(bytes: Uint8Array): BfdEcho {
  const r = new Reader(bytes);
  const magic = r.u32();
  if (magic !== MAGIC) throw new DecodeError("unsupported", `echo packet of another kind: ${magic}`);
  const echo: BfdEcho = { discriminator: r.u32(), sequence: r.u32(), key: r.bytes(ECHO_KEY_LENGTH) };
  r.end();
  return echo;
}

/** Encodes a UDP payload. A key of another length is the caller's bug: `RangeError`. */
export function encodeEcho({ discriminator, sequence, key }: BfdEcho): Uint8Array {
  if (key.length !== ECHO_KEY_LENGTH) throw new RangeError(`a key of ${key.length} bytes`);
  return new Writer(LENGTH).u32(MAGIC).u32(discriminator).u32(sequence).bytes(key).toBytes();
}
