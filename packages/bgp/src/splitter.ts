import { decodeHeader, HEADER_LENGTH } from "./header.ts";

const NOTHING = new Uint8Array();

/**
 * Cuts the bytes of a connection into messages.
 *
 * A message that arrives in one chunk is a view of that chunk; only what is spread over several is copied.
 */
export class MessageSplitter {
  readonly #longest: number;
  /** What has not been taken yet, in order. */
  #chunks: Uint8Array[] = [];
  #available = 0;

  /** `longest` is the most bytes that a message may have: more if our OPEN offers it (RFC 8654). */
  constructor(longest: number) {
    this.#longest = longest;
  }

  /** Takes bytes as they arrive. They must not change afterwards. */
  push(chunk: Uint8Array): void {
    this.#chunks.push(chunk);
    this.#available += chunk.length;
  }

  /**
   * The next message with its header; `undefined` until more bytes arrive.
   *
   * Throws `BgpError` as soon as a header is wrong: where the next message begins is unknown then, and each further
   * call throws again.
   */
  next(): Uint8Array | undefined {
    if (this.#available < HEADER_LENGTH) return undefined;
    const { length } = decodeHeader(this.#front(HEADER_LENGTH), this.#longest);
    if (this.#available < length) return undefined;
    const front = this.#front(length);
    this.#available -= length;
    if (front.length === length) this.#chunks.shift();
    else this.#chunks[0] = front.subarray(length);
    return front.subarray(0, length);
  }

  /** The first chunk, after making it long enough. */
  #front(length: number): Uint8Array {
    const [first = NOTHING] = this.#chunks;
    if (first.length >= length) return first;
    const joined = new Uint8Array(this.#available);
    let end = 0;
    for (const chunk of this.#chunks) {
      joined.set(chunk, end);
      end += chunk.length;
    }
    this.#chunks = [joined];
    return joined;
  }
}
