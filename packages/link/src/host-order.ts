import { endianness } from "node:os";
import { DecodeError } from "@heraldlb/net";

/** Whether this machine stores the low byte first: the kernel's structures are in the machine's own order. */
export const LITTLE_ENDIAN: boolean = endianness() === "LE";

/**
 * A bounds-checked cursor over one of the kernel's structures, in this machine's byte order.
 *
 * Throws a `DecodeError` rather than reading past the end.
 */
export class HostReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #offset = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get remaining(): number {
    return this.#bytes.length - this.#offset;
  }

  u8(): number {
    return this.#view.getUint8(this.#take(1));
  }

  u16(): number {
    return this.#view.getUint16(this.#take(2), LITTLE_ENDIAN);
  }

  u32(): number {
    return this.#view.getUint32(this.#take(4), LITTLE_ENDIAN);
  }

  i32(): number {
    return this.#view.getInt32(this.#take(4), LITTLE_ENDIAN);
  }

  /** A view of the next `length` bytes. */
  bytes(length: number): Uint8Array {
    const start = this.#take(length);
    return this.#bytes.subarray(start, start + length);
  }

  /** A reader that cannot see past the next `length` bytes. */
  sub(length: number): HostReader {
    return new HostReader(this.bytes(length));
  }

  skip(length: number): this {
    this.#take(length);
    return this;
  }

  #take(length: number): number {
    if (length > this.remaining) throw new DecodeError("truncated", `${length} bytes wanted, ${this.remaining} left`);
    const start = this.#offset;
    this.#offset += length;
    return start;
  }
}
