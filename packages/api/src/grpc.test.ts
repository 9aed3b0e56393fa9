import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { FramingError, frameMessage, MessageSplitter, readStatus, STATUS } from "./grpc.ts";

const concat = (parts: readonly Uint8Array[]): Uint8Array => Uint8Array.from(parts.flatMap((part) => [...part]));

describe("messages on the wire", () => {
  test("a message is prefixed with 0 and its length in four bytes", () => {
    expect([...frameMessage(Uint8Array.of(7, 8))]).toEqual([0, 0, 0, 0, 2, 7, 8]);
  });

  test("come out as they went in, wherever they are cut on the way", () => {
    const messages = fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 10 });
    fc.assert(
      fc.property(messages, fc.array(fc.nat(400)), (sent, cuts) => {
        const bytes = concat(sent.map(frameMessage));
        const splitter = new MessageSplitter(300);
        const received: Uint8Array[] = [];
        let at = 0;
        for (const cut of [...cuts, bytes.length]) {
          received.push(...splitter.push(bytes.slice(at, at + cut)));
          at += cut;
        }
        expect(received.map((message) => [...message])).toEqual(sent.map((message) => [...message]));
      }),
    );
  });

  test("of any bytes give messages or a FramingError, and keep no more than one message", () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 50 })), (chunks) => {
        const splitter = new MessageSplitter(100);
        try {
          for (const chunk of chunks) for (const { length } of splitter.push(chunk)) expect(length).toBeLessThan(101);
        } catch (error) {
          expect(error).toBeInstanceOf(FramingError);
        }
      }),
    );
  });

  test.each([
    ["too large", [0, 0, 0, 0, 101], STATUS.resourceExhausted],
    ["compressed", [1, 0, 0, 0, 1, 0], STATUS.internal],
  ])("one that is %s is refused as soon as it is announced", (_what, bytes, code) => {
    expect(() => new MessageSplitter(100).push(Uint8Array.from(bytes))).toThrow(
      expect.objectContaining({ name: "FramingError", status: { code, details: expect.any(String) } }),
    );
  });
});

test.each([
  [{}, undefined],
  [{ "grpc-status": "0" }, { code: 0, details: "" }],
  [
    { "grpc-status": "14", "grpc-message": "z%C3%BCrich" },
    { code: 14, details: "zürich" },
  ],
  [
    { "grpc-status": "14", "grpc-message": "100%" },
    { code: 14, details: "100%" },
  ],
  [{ "grpc-status": "x" }, { code: STATUS.unknown, details: "" }],
])("the status in %j is %j", (fields, status) => {
  expect(readStatus(fields)).toEqual(status);
});
