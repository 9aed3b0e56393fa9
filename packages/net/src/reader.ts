import { DecodeError } from "./decode-error.ts";

/**
 * A bounds-checked, big-endian cursor over received bytes.
 *
 * Slices are views into the same memory. Copy (`slice()`) what outlives the receive buffer.
 */
export class Reader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #offset = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** How many bytes are left to read. */
  get remaining(): number {
    return this.#bytes.length - this.#offset;
  }

  u8(): number {
    return this.#view.getUint8(this.#take(1));
  }

  u16(): number {
    return this.#view.getUint16(this.#take(2));
  }

  u32(): number {
    return this.#view.getUint32(this.#take(4));
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
