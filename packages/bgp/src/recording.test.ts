import { DecodeError } from "@heraldlb/net";
import { describe, expect, test } from "vitest";
import { hardResetCause, shutdownText } from "./cease.ts";
import { decodeMessage, encodeMessage } from "./message.ts";
import { type CodecOptions, INITIAL_CODEC_OPTIONS, negotiate } from "./negotiation.ts";
import { notification } from "./notification.ts";
import { daemonRecordings } from "./recording-daemons.test.fixture.ts";
import { toolRecordings } from "./recording-tools.test.fixture.ts";
import { hex, message, only } from "./wire.test.fixture.ts";

const recordings = { ...toolRecordings, ...daemonRecordings };

const opened = (digits: string) => only("open", decodeMessage(message(digits), INITIAL_CODEC_OPTIONS));

describe.each(Object.entries(recordings))("%s", (_name, { ours, open, opens, messages }) => {
  const session = negotiate(ours, opened(open));
  // What the speaker sends is encoded here as if it were ours.
  const mirrored: CodecOptions = { ...session, addPath: { ...session.addPath, send: session.addPath.receive } };

  test("sends an OPEN that is understood", () => {
    const { capabilities, type: _type, ...rest } = opened(open);
    expect({ ...rest, offers: capabilities.map(({ type }) => type) }).toEqual(opens);
  });

  test.each(messages)("sends %s", (_what, digits, expected) => {
    const received = decodeMessage(message(digits), session);
    expect(received).toEqual(expected.type === "update" ? { ...expected, errors: [] } : expected);
    const again = decodeMessage(encodeMessage(expected, mirrored), session);
    expect(again).toEqual(
      received.type === "update"
        ? { ...received, attributes: expect.arrayContaining([...received.attributes]) }
        : received,
    );
  });
});

test("no recorded message that is cut off makes decoding throw anything but DecodeError", () => {
  for (const { ours, open, messages } of Object.values(recordings)) {
    const session = negotiate(ours, opened(open));
    for (const wire of [open, ...messages.map(([, digits]) => digits)].map((digits) => message(digits))) {
      for (let end = 0; end < wire.length; end++) {
        const cut = wire.slice(0, end);
        if (end >= 18) cut.set([end >>> 8, end & 0xff], 16);
        try {
          decodeMessage(cut, session);
        } catch (error) {
          expect(error).toBeInstanceOf(DecodeError);
        }
      }
    }
  }
});

test("BIRD's text for a shutdown is read", () => {
  expect(shutdownText(notification("administrativeShutdown", hex("03627965")))).toBe("bye");
});

test("FRR's text for a shutdown is read out of its hard reset", () => {
  const cause = hardResetCause(notification("hardReset", hex("06020a676f696e6720646f776e")));
  expect(cause && shutdownText(cause)).toBe("going down");
});
