import fc from "fast-check";
import { expect, test } from "vitest";
import {
  concat,
  decodeCounters,
  decodeJson,
  encodeCounters,
  encodeJson,
  encodeMessage,
  MessageSplitter,
  TO_HELPER,
} from "./pcap-wire.ts";

test("messages come out of the pipe as they went in, however it cuts them", () => {
  const message = fc.record({ type: fc.integer({ min: 0, max: 255 }), payload: fc.uint8Array({ maxLength: 300 }) });
  fc.assert(
    fc.property(fc.array(message, { maxLength: 20 }), fc.array(fc.integer({ min: 1, max: 400 })), (messages, cuts) => {
      const wire = concat(...messages.map(({ type, payload }) => encodeMessage(type, payload)));
      const splitter = new MessageSplitter();
      const received = pieces(wire, cuts).flatMap((piece) => {
        const split = splitter.push(piece).map(({ type, payload }) => ({ type, payload: payload.slice() }));
        // Streams use their memory again.
        piece.fill(0xee);
        return split;
      });
      expect(received).toEqual(messages);
    }),
  );
});

test("a message that is absurdly long is refused instead of waited for", () => {
  const header = encodeMessage(1).with(0, 0x7f);
  expect(() => new MessageSplitter().push(header)).toThrow(RangeError);
});

test("settings and counters survive the way", () => {
  const settings = { interface: "eth0", expression: "arp", bufferBytes: 4_194_304 };
  const [configure] = new MessageSplitter().push(encodeJson(TO_HELPER.configure, settings));
  expect(configure?.type).toBe(TO_HELPER.configure);
  expect(decodeJson(configure?.payload ?? new Uint8Array())).toEqual(settings);

  const counters = { dropped: 1, oversized: 2 ** 31, unsent: 3 };
  const [message] = new MessageSplitter().push(encodeCounters(counters));
  expect(decodeCounters(message?.payload ?? new Uint8Array())).toEqual(counters);
});

function pieces(wire: Uint8Array, cuts: readonly number[]): Uint8Array[] {
  const result: Uint8Array[] = [];
  let at = 0;
  for (const length of cuts) {
    result.push(wire.slice(at, at + length));
    at += length;
  }
  return [...result, wire.slice(at)];
}
