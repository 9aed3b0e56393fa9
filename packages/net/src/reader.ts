import { DecodeError } from "./decode-error.ts";

/**
 * A bounds-checked, big-endian cursor over received bytes.
 *
 * Slices are views into the same memory. Copy (`slice()`) what outlives the receive buffer.
 */
export class Reader {
  readonly #bytes: Uint8Array;
  #offset = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** How many bytes are left to read. */
  get remaining(): number {
    return this.#bytes.length - this.#offset;
  }

  u8(): number {
    return this.#byte(this.#take(1));
  }

  u16(): number {
    const at = this.#take(2);
    return (this.#byte(at) << 8) | this.#byte(at + 1);
  }

  u32(): number {
    const at = this.#take(4);
    const signed = (this.#byte(at) << 24) | (this.#byte(at + 1) << 16) | (this.#byte(at + 2) << 8) | this.#byte(at + 3);
    return signed >>> 0;
  }

  bytes(length: number): Uint8Array {
    const start = this.#take(length);
    return this.#bytes.subarray(start, start + length);
  }

  /** A reader that cannot see past the next `length` bytes. */
  sub(length: number): Reader {
    return new Reader(this.bytes(length));
  }

  skip(length: number): void {
    this.#take(length);
  }

  /** Fails unless every byte has been read. */
  end(): void {
    if (this.remaining > 0) throw new DecodeError("malformed", `${this.remaining} bytes too many`);
  }

  // A DataView would cost more to make than the few reads of a packet.
  #byte(at: number): number {
    return this.#bytes[at] as number;
  }

  #take(length: number): number {
    if (length > this.remaining) {
      throw new DecodeError("truncated", `${length} bytes wanted, ${this.remaining} left`);
    }
    // A received length less the header that it should count.
    if (length < 0) throw new DecodeError("malformed", `a length of ${length}`);
    const start = this.#offset;
    this.#offset += length;
    return start;
  }
}
