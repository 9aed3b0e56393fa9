import { describe, expect, test } from "vitest";
import { BgpError } from "./bgp-error.ts";
import { notification } from "./notification.ts";
import { MessageSplitter } from "./splitter.ts";
import { hex, message } from "./wire.test.fixture.ts";

const KEEPALIVE = message("04");
const UPDATE = message("02 0000 0000");
const MARKER = "ff".repeat(16);

function take(splitter: MessageSplitter): Uint8Array[] {
  const found: Uint8Array[] = [];
  for (let next = splitter.next(); next; next = splitter.next()) found.push(next);
  return found;
}

function join(...parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

describe("a stream of messages", () => {
  const stream = join(KEEPALIVE, UPDATE, KEEPALIVE, UPDATE);

  test.each([1, 2, 7, 18, 19, 20, 41, 42, 100])("is the same in chunks of %i bytes", (size) => {
    const splitter = new MessageSplitter(4_096);
    const found: Uint8Array[] = [];
    for (let at = 0; at < stream.length; at += size) {
      splitter.push(stream.subarray(at, at + size));
      found.push(...take(splitter));
    }
    expect(found).toEqual([KEEPALIVE, UPDATE, KEEPALIVE, UPDATE]);
  });

  test("is not copied where messages lie in one chunk", () => {
    const splitter = new MessageSplitter(4_096);
    splitter.push(stream);
    expect(take(splitter).every(({ buffer }) => buffer === stream.buffer)).toBe(true);
  });

  test("gives nothing before the last byte of a message", () => {
    const splitter = new MessageSplitter(4_096);
    expect(splitter.next()).toBeUndefined();
    splitter.push(UPDATE.subarray(0, -1));
    expect(splitter.next()).toBeUndefined();
    splitter.push(UPDATE.subarray(-1));
    expect(splitter.next()).toEqual(UPDATE);
  });

  test("may have long messages where that is agreed on (RFC 8654)", () => {
    const long = new Uint8Array(65_535).fill(0xff, 0, 16);
    long.set([0xff, 0xff, 2], 16);
    const splitter = new MessageSplitter(65_535);
    splitter.push(long);
    expect(splitter.next()).toEqual(long);
  });
});

describe("a header is refused (RFC 4271 section 6.1)", () => {
  const badLength = (length: string) => notification("badMessageLength", hex(length));

  test.each([
    ["whose marker is not all ones", `${"ff".repeat(15)}fe 0013 04`, 4_096, notification("connectionNotSynchronized")],
    ["shorter than a header", `${MARKER} 0012 04`, 4_096, badLength("0012")],
    ["of an OPEN of 28 bytes", `${MARKER} 001c 01`, 4_096, badLength("001c")],
    ["of an UPDATE of 22 bytes", `${MARKER} 0016 02`, 4_096, badLength("0016")],
    ["of a NOTIFICATION of 20 bytes", `${MARKER} 0014 03`, 4_096, badLength("0014")],
    ["of a KEEPALIVE of 20 bytes", `${MARKER} 0014 04`, 4_096, badLength("0014")],
    ["of a ROUTE-REFRESH of 22 bytes", `${MARKER} 0016 05`, 4_096, badLength("0016")],
    ["of 4097 bytes", `${MARKER} 1001 02`, 4_096, badLength("1001")],
    [
      "of an OPEN of 4097 bytes, also with long messages (RFC 8654 section 4)",
      `${MARKER} 1001 01`,
      65_535,
      badLength("1001"),
    ],
    ["of no type", `${MARKER} 0013 00`, 4_096, notification("badMessageType", hex("00"))],
    ["of an unknown type", `${MARKER} 0013 06`, 4_096, notification("badMessageType", hex("06"))],
  ])("%s", (_name, digits, longest, expected) => {
    const splitter = new MessageSplitter(longest);
    splitter.push(hex(digits));
    const refusal = expect.objectContaining({ notification: expected });
    expect(() => splitter.next()).toThrow(refusal);
    expect(() => splitter.next()).toThrow(refusal);
  });

  test("only after what came before it", () => {
    const splitter = new MessageSplitter(4_096);
    splitter.push(join(UPDATE, hex(`${MARKER} 0013 09`)));
    expect(splitter.next()).toEqual(UPDATE);
    expect(() => splitter.next()).toThrow(BgpError);
  });
});
