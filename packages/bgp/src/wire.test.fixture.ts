import type { Ip, Ipv4, Ipv6, Prefix } from "@heraldlb/net";
import { decodeMessage, type ReceivedMessage } from "./message.ts";
import { type CodecOptions, INITIAL_CODEC_OPTIONS } from "./negotiation.ts";
import type { Nlri } from "./nlri.ts";
import type { ReceivedUpdate } from "./update.ts";

/** A session of today's speakers inside an AS: AS numbers of four bytes, all attributes. */
export const MODERN: CodecOptions = { ...INITIAL_CODEC_OPTIONS, fourByteAs: true, peer: "internal" };

/** The same towards another AS. */
export const EXTERNAL: CodecOptions = { ...MODERN, peer: "external" };

export const ipv4 = (text: string): Ipv4 => text as Ipv4;
export const ipv6 = (text: string): Ipv6 => text as Ipv6;
export const ip = (text: string): Ip => text as Ip;
export const route = (prefix: string): Nlri => ({ prefix: prefix as Prefix });

/** Bytes from hexadecimal digits; spaces are for the reader. */
export function hex(...parts: readonly string[]): Uint8Array<ArrayBuffer> {
  const digits = parts.join("").replaceAll(" ", "");
  return Uint8Array.from({ length: digits.length / 2 }, (_, i) => Number.parseInt(digits.slice(2 * i, 2 * i + 2), 16));
}

/** A whole message from what follows the length: its type and its body. */
export function message(...parts: readonly string[]): Uint8Array<ArrayBuffer> {
  const rest = hex(...parts);
  const bytes = new Uint8Array(18 + rest.length).fill(0xff, 0, 16);
  bytes.set([bytes.length >>> 8, bytes.length & 0xff], 16);
  bytes.set(rest, 18);
  return bytes;
}

/** An UPDATE of these fields, each in hexadecimal digits. */
export function update(fields: {
  withdrawn?: string;
  attributes?: string;
  announced?: string;
}): Uint8Array<ArrayBuffer> {
  const { withdrawn = "", attributes = "", announced = "" } = fields;
  return message("02", length(withdrawn), withdrawn, length(attributes), attributes, announced);
}

/** What an UPDATE is decoded to. */
export function decoded(bytes: Uint8Array, options: CodecOptions = MODERN): ReceivedUpdate {
  return only("update", decodeMessage(bytes, options));
}

/** The message, which has to be of that type. */
export function only<T extends ReceivedMessage["type"]>(
  type: T,
  received: ReceivedMessage,
): Extract<ReceivedMessage, { type: T }> {
  if (received.type !== type) throw new Error(`${received.type}, not ${type}`);
  return received as Extract<ReceivedMessage, { type: T }>;
}

function length(digits: string): string {
  return (digits.replaceAll(" ", "").length / 2).toString(16).padStart(4, "0");
}
