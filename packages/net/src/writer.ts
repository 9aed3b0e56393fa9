/** A growing, big-endian buffer for bytes to send. A value that does not fit is the caller's bug: `RangeError`. */
export class Writer {
  #bytes: Uint8Array<ArrayBuffer>;
  #length = 0;

  /** `capacity` is the expected number of bytes; a good guess saves the copies that growing costs. */
  constructor(capacity = 64) {
    this.#bytes = new Uint8Array(capacity);
  }

  /** How many bytes have been written. */
  get length(): number {
    return this.#length;
  }

  u8(value: number): this {
    check(value, 0xff);
    const at = this.#extend(1);
    this.#bytes[at] = value;
    return this;
  }

  u16(value: number): this {
    check(value, 0xffff);
    const at = this.#extend(2);
    this.#put16(at, value);
    return this;
  }

  u32(value: number): this {
    check(value, 0xffff_ffff);
    const at = this.#extend(4);
    this.#put16(at, value >>> 16);
    this.#put16(at + 2, value);
    return this;
  }

  bytes(bytes: Uint8Array): this {
    const start = this.#extend(bytes.length);
    this.#bytes.set(bytes, start);
    return this;
  }

  /** Appends zeros until `length` bytes have been written in all; does nothing if there are that many already. */
  padTo(length: number): this {
    if (length > this.#length) this.#extend(length - this.#length);
    return this;
  }

  /** A 16-bit length, patched in afterwards, and the bytes that `body` writes, which it counts. */
  sized16(body: (writer: this) => void): this {
    const start = this.#extend(2);
    body(this);
    const length = this.#length - start - 2;
    check(length, 0xffff);
    this.#put16(start, length);
    return this;
  }

  /** What has been written, as a view: it shares memory with this writer. */
  toBytes(): Uint8Array<ArrayBuffer> {
    return this.#length === this.#bytes.length ? this.#bytes : this.#bytes.subarray(0, this.#length);
  }

  #put16(at: number, value: number): void {
    this.#bytes[at] = value >>> 8;
    this.#bytes[at + 1] = value;
  }

  /** Replaces the buffer when it grows: call it first. */
  #extend(length: number): number {
    const start = this.#length;
    const end = start + length;
    if (end > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(end, this.#bytes.length * 2));
      grown.set(this.toBytes());
      this.#bytes = grown;
    }
    this.#length = end;
    return start;
  }
}

function check(value: number, max: number): void {
  if (!Number.isInteger(value) || value < 0 || value > max) throw new RangeError(`${value} is not in 0..${max}`);
}
