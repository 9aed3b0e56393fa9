import { KubeError } from "./kube-error.ts";

/** More than any object that an API server stores, several times. */
const LONGEST_BYTES = 16 * 1024 * 1024;
const NEWLINE = 0x0a;

/** Cuts a byte stream into lines, and keeps no more than one line that has not ended. */
export class LineSplitter {
  readonly #longest: number;
  readonly #pieces: Uint8Array[] = [];
  #length = 0;

  constructor(longestBytes: number = LONGEST_BYTES) {
    this.#longest = longestBytes;
  }

  /** The lines that end in this chunk, without their ends. @throws KubeError if a line is too long */
  push(chunk: Uint8Array): readonly string[] {
    const lines: string[] = [];
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
      this.#keep(chunk.subarray(start, end));
      lines.push(this.#join());
      start = end + 1;
    }
    this.#keep(chunk.subarray(start));
    return lines;
  }

  #keep(piece: Uint8Array): void {
    this.#length += piece.length;
    if (this.#length > this.#longest) {
      throw new KubeError(`a line of more than ${this.#longest} bytes`, { status: 0, reason: "Unreadable" });
    }
    if (piece.length > 0) this.#pieces.push(piece);
  }

  #join(): string {
    // A mark of byte order is a letter like others here: there is none in JSON.
    const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
    const text = this.#pieces.map((piece) => decoder.decode(piece, { stream: true })).join("") + decoder.decode();
    this.#pieces.length = 0;
    this.#length = 0;
    return text;
  }
}
