/** What {@link openPcapSocket} and its helper process say to each other; both are always of the same version. */
export const TO_HELPER = { configure: 1, frame: 2, count: 3 } as const;
/** What the helper says. Counters come unasked after a loss. */
export const FROM_HELPER = { ready: 1, frame: 2, counters: 3, failure: 4 } as const;

/** What the helper captures. Payload of `configure`, as JSON. */
export interface CaptureSettings {
  readonly interface: string;
  readonly expression: string;
  readonly bufferBytes: number;
}

/** Why the helper ends without having been told to. Payload of `failure`, as JSON. */
export interface CaptureFailure {
  readonly code: "gone" | "permission" | "unavailable" | "system";
  readonly message: string;
}

/** Since the helper started. Payload of `counters`: three 32-bit numbers. */
export interface CaptureCounters {
  readonly dropped: number;
  readonly oversized: number;
  readonly unsent: number;
}

/** One message: its type and its content. */
export interface PipeMessage {
  readonly type: number;
  readonly payload: Uint8Array;
}

const HEADER_LENGTH = 5;
const MAX_PAYLOAD = 1 << 20;

/** A message as it crosses the pipe: length of the payload (32 bits), type (8 bits), payload. */
export function encodeMessage(type: number, payload: Uint8Array = new Uint8Array()): Uint8Array {
  const bytes = new Uint8Array(HEADER_LENGTH + payload.length);
  new DataView(bytes.buffer).setUint32(0, payload.length);
  bytes[4] = type;
  bytes.set(payload, HEADER_LENGTH);
  return bytes;
}

/** A message whose payload is JSON. */
export const encodeJson = (type: number, value: CaptureSettings | CaptureFailure): Uint8Array =>
  encodeMessage(type, new TextEncoder().encode(JSON.stringify(value)));

/** The message `counters`. */
export function encodeCounters({ dropped, oversized, unsent }: CaptureCounters): Uint8Array {
  const payload = new Uint8Array(12);
  const view = new DataView(payload.buffer);
  view.setUint32(0, dropped);
  view.setUint32(4, oversized);
  view.setUint32(8, unsent);
  return encodeMessage(FROM_HELPER.counters, payload);
}

/** The payload of `counters`. */
export function decodeCounters(payload: Uint8Array): CaptureCounters {
  const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength);
  return { dropped: view.getUint32(0), oversized: view.getUint32(4), unsent: view.getUint32(8) };
}

/** The payload of `configure` or `failure`. */
export function decodeJson<T extends CaptureSettings | CaptureFailure>(payload: Uint8Array): T {
  return JSON.parse(new TextDecoder().decode(payload)) as T;
}

/** Cuts what comes through a pipe into messages again. */
export class MessageSplitter {
  #rest: Uint8Array = new Uint8Array();

  /** The messages that are complete with this piece; their payloads are views of it, or of what was kept of earlier ones. */
  push(piece: Uint8Array): PipeMessage[] {
    const bytes = this.#rest.length === 0 ? piece : concat(this.#rest, piece);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const messages: PipeMessage[] = [];
    let at = 0;
    while (bytes.length - at >= HEADER_LENGTH) {
      const length = view.getUint32(at);
      if (length > MAX_PAYLOAD) throw new RangeError(`a message of ${length} bytes`);
      const end = at + HEADER_LENGTH + length;
      if (end > bytes.length) break;
      messages.push({ type: view.getUint8(at + 4), payload: bytes.subarray(at + HEADER_LENGTH, end) });
      at = end;
    }
    // Copied: the piece belongs to the stream, which may use it again.
    this.#rest = bytes.slice(at);
    return messages;
  }
}

/** One array out of several. */
export function concat(...parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
