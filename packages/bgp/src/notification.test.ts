import { describe, expect, test } from "vitest";
import { hardReset, hardResetCause, shutdownNotification, shutdownText } from "./cease.ts";
import { decodeMessage, encodeMessage } from "./message.ts";
import { INITIAL_CODEC_OPTIONS } from "./negotiation.ts";
import { type Notification, type NotificationError, notification, notificationCodes } from "./notification.ts";
import { hex, message, only } from "./wire.test.fixture.ts";

const decode = (bytes: Uint8Array) => only("notification", decodeMessage(bytes, INITIAL_CODEC_OPTIONS));
const encode = (value: Notification) => encodeMessage(value, INITIAL_CODEC_OPTIONS);

// IANA's registry of BGP error codes and subcodes, in its order.
const errors: readonly (readonly [NotificationError, number, number])[] = [
  ["messageHeaderError", 1, 0],
  ["connectionNotSynchronized", 1, 1],
  ["badMessageLength", 1, 2],
  ["badMessageType", 1, 3],
  ["openMessageError", 2, 0],
  ["unsupportedVersionNumber", 2, 1],
  ["badPeerAs", 2, 2],
  ["badBgpIdentifier", 2, 3],
  ["unsupportedOptionalParameter", 2, 4],
  ["authenticationFailure", 2, 5],
  ["unacceptableHoldTime", 2, 6],
  ["unsupportedCapability", 2, 7],
  ["roleMismatch", 2, 11],
  ["updateMessageError", 3, 0],
  ["malformedAttributeList", 3, 1],
  ["unrecognizedWellKnownAttribute", 3, 2],
  ["missingWellKnownAttribute", 3, 3],
  ["attributeFlagsError", 3, 4],
  ["attributeLengthError", 3, 5],
  ["invalidOriginAttribute", 3, 6],
  ["asRoutingLoop", 3, 7],
  ["invalidNextHopAttribute", 3, 8],
  ["optionalAttributeError", 3, 9],
  ["invalidNetworkField", 3, 10],
  ["malformedAsPath", 3, 11],
  ["holdTimerExpired", 4, 0],
  ["finiteStateMachineError", 5, 0],
  ["unexpectedMessageInOpenSent", 5, 1],
  ["unexpectedMessageInOpenConfirm", 5, 2],
  ["unexpectedMessageInEstablished", 5, 3],
  ["cease", 6, 0],
  ["maximumPrefixesReached", 6, 1],
  ["administrativeShutdown", 6, 2],
  ["peerDeconfigured", 6, 3],
  ["administrativeReset", 6, 4],
  ["connectionRejected", 6, 5],
  ["otherConfigurationChange", 6, 6],
  ["connectionCollisionResolution", 6, 7],
  ["outOfResources", 6, 8],
  ["hardReset", 6, 9],
  ["bfdDown", 6, 10],
  ["routeRefreshMessageError", 7, 0],
  ["invalidRouteRefreshLength", 7, 1],
  ["sendHoldTimerExpired", 8, 0],
];

describe.each(errors)("the error %s", (error, code, subcode) => {
  test("has its code and subcode on the wire", () => {
    const value = notification(error, hex("0102"));
    const bytes = message("03", hexByte(code), hexByte(subcode), "0102");
    expect(encode(value)).toEqual(bytes);
    expect(decode(bytes)).toEqual(value);
    expect(notificationCodes(value)).toEqual({ code, subcode });
  });
});

test("an error without a name keeps its code and subcode", () => {
  const bytes = message("03 3f 07");
  const value: Notification = { type: "notification", error: { code: 63, subcode: 7 }, data: hex("") };
  expect(decode(bytes)).toEqual(value);
  expect(encode(value)).toEqual(bytes);
});

describe("a shutdown or reset (RFC 9003)", () => {
  test.each(["administrativeShutdown", "administrativeReset"] as const)("carries a text: %s", (error) => {
    const value = shutdownNotification(error, "wärmer");
    expect(value.data).toEqual(hex("07 77c3a4726d6572"));
    expect(shutdownText(value)).toBe("wärmer");
  });

  test("carries up to 255 bytes", () => {
    expect(shutdownText(shutdownNotification("administrativeReset", "x".repeat(255)))).toBe("x".repeat(255));
    expect(() => shutdownNotification("administrativeReset", "x".repeat(256))).toThrow(RangeError);
  });

  test.each([
    ["there is none", notification("administrativeShutdown")],
    ["it is empty", notification("administrativeShutdown", hex("00"))],
    ["it is longer than the message", notification("administrativeShutdown", hex("03 6869"))],
    ["it is no UTF-8", notification("administrativeShutdown", hex("02 c328"))],
    ["the error has none", notification("peerDeconfigured", hex("02 6869"))],
  ])("has no text if %s", (_why, value) => {
    expect(shutdownText(value)).toBeUndefined();
  });
});

describe("a hard reset (RFC 8538)", () => {
  const cause = shutdownNotification("administrativeShutdown", "bye");

  test("carries its cause", () => {
    const value = hardReset(cause);
    expect(encode(value)).toEqual(message("03 06 09", "06 02 03 627965"));
    expect(hardResetCause(value)).toEqual(cause);
  });

  test.each([
    ["another NOTIFICATION", cause],
    ["one that carries nothing", notification("hardReset")],
    ["one that carries half a cause", notification("hardReset", hex("06"))],
  ])("is not read into %s", (_name, value) => {
    expect(hardResetCause(value)).toBeUndefined();
  });
});

function hexByte(value: number): string {
  return value.toString(16).padStart(2, "0");
}
