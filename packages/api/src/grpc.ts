// What gRPC is on the wire, of which Herald needs one method: https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md

/** The path of the one method. */
export const CONNECT_PATH = "/herald.v1.SpeakerService/Connect";

/** The status codes that Herald says or hears. */
export const STATUS = {
  ok: 0,
  unknown: 2,
  invalidArgument: 3,
  deadlineExceeded: 4,
  alreadyExists: 6,
  permissionDenied: 7,
  resourceExhausted: 8,
  internal: 13,
  unavailable: 14,
  unauthenticated: 16,
} as const;

/** How a call ended. */
export interface Status {
  readonly code: number;
  /** For people. */
  readonly details: string;
}

/** A message cannot be what the other end meant to send. */
export class FramingError extends Error {
  override readonly name = "FramingError";
  readonly status: Status;

  constructor(code: number, details: string) {
    super(details);
    this.status = { code, details };
  }
}

const PREFIX = 5;

/** A message as it is sent: a byte that says that it is not compressed, its length, and itself. */
export function frameMessage(message: Uint8Array): Uint8Array {
  const frame = new Uint8Array(PREFIX + message.length);
  new DataView(frame.buffer).setUint32(1, message.length);
  frame.set(message, PREFIX);
  return frame;
}

/** Cuts what is received into messages. */
export class MessageSplitter {
  readonly #limit: number;
  #chunks: Uint8Array[] = [];
  #length = 0;
  /** How many bytes the next message needs, with its prefix, as far as is known. */
  #wanted = PREFIX;

  /** `limit` is the size of the largest message that is taken, in bytes. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /**
   * Takes bytes, and gives the messages that are complete with them.
   *
   * @throws FramingError if one is compressed, or larger than the limit
   */
  push(chunk: Uint8Array): Uint8Array[] {
    this.#chunks.push(chunk);
    this.#length += chunk.length;
    const messages: Uint8Array[] = [];
    if (this.#length < this.#wanted) return messages;
    let bytes = this.#chunks.length === 1 ? chunk : concat(this.#chunks, this.#length);
    for (;;) {
      this.#wanted = PREFIX + (bytes.length < PREFIX ? 0 : this.#lengthOf(bytes));
      if (bytes.length < this.#wanted || bytes.length < PREFIX) break;
      messages.push(bytes.subarray(PREFIX, this.#wanted));
      bytes = bytes.subarray(this.#wanted);
    }
    this.#chunks = bytes.length > 0 ? [bytes] : [];
    this.#length = bytes.length;
    return messages;
  }

  #lengthOf(bytes: Uint8Array): number {
    if (bytes[0] !== 0)
      throw new FramingError(STATUS.internal, "a compressed message, without having been asked for it");
    const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(1);
    if (length <= this.#limit) return length;
    throw new FramingError(STATUS.resourceExhausted, `a message of ${length} bytes, of at most ${this.#limit}`);
  }
}

function concat(chunks: readonly Uint8Array[], length: number): Uint8Array {
  const all = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    all.set(chunk, at);
    at += chunk.length;
  }
  return all;
}

/** Reads a status from trailers, or from the header of a call that is refused at once; undefined if there is none. */
export function readStatus(fields: Readonly<Record<string, unknown>>): Status | undefined {
  const code = fields["grpc-status"];
  if (code === undefined) return undefined;
  const number = Number(code);
  const details = decodePercent(String(fields["grpc-message"] ?? ""));
  return { code: Number.isInteger(number) ? number : STATUS.unknown, details };
}

/** What is not percent-encoded as it should be is left as it is. */
function decodePercent(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
