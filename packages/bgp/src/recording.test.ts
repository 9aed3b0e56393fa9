import { describe, expect, test } from "vitest";
import { hardResetCause, shutdownText } from "./cease.ts";
import { decodeMessage, encodeMessage } from "./message.ts";
import { type CodecOptions, INITIAL_CODEC_OPTIONS, negotiate } from "./negotiation.ts";
import { notification } from "./notification.ts";
import { daemonRecordings } from "./recording-daemons.test.fixture.ts";
import { toolRecordings } from "./recording-tools.test.fixture.ts";
import { hex, message, only } from "./wire.test.fixture.ts";

const opened = (digits: string) => only("open", decodeMessage(message(digits), INITIAL_CODEC_OPTIONS));

describe.each(Object.entries({ ...toolRecordings, ...daemonRecordings }))(
  "%s",
  (_name, { ours, open, opens, messages }) => {
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
  },
);

test("BIRD's text for a shutdown is read", () => {
  expect(shutdownText(notification("administrativeShutdown", hex("03627965")))).toBe("bye");
});

test("FRR's text for a shutdown is read out of its hard reset", () => {
  const cause = hardResetCause(notification("hardReset", hex("06020a676f696e6720646f776e")));
  expect(cause && shutdownText(cause)).toBe("going down");
});
