import { expect, test } from "vitest";
import { decodeMessage, encodeMessage } from "./message.ts";
import { INITIAL_CODEC_OPTIONS } from "./negotiation.ts";
import { notification } from "./notification.ts";
import type { RouteRefresh } from "./route-refresh.ts";
import { hex, message } from "./wire.test.fixture.ts";

const decode = (bytes: Uint8Array) => decodeMessage(bytes, INITIAL_CODEC_OPTIONS);

test.each<readonly [string, RouteRefresh, Uint8Array]>([
  [
    "a request for IPv4 routes (RFC 2918)",
    { type: "routeRefresh", subtype: "request", family: "ipv4" },
    message("05 0001 00 01"),
  ],
  [
    "the begin of IPv6 routes (RFC 7313)",
    { type: "routeRefresh", subtype: "begin", family: "ipv6" },
    message("05 0002 01 01"),
  ],
  [
    "the end of IPv6 routes (RFC 7313)",
    { type: "routeRefresh", subtype: "end", family: "ipv6" },
    message("05 0002 02 01"),
  ],
  [
    "a subtype that is not defined",
    { type: "routeRefresh", subtype: "unknown", value: hex("0001 03 01") },
    message("05 0001 03 01"),
  ],
  ["another family", { type: "routeRefresh", subtype: "unknown", value: hex("0001 00 80") }, message("05 0001 00 80")],
])("%s decodes from and encodes to its bytes", (_name, value, bytes) => {
  expect(decode(bytes)).toEqual(value);
  expect(encodeMessage(value, INITIAL_CODEC_OPTIONS)).toEqual(bytes);
});

test("what follows a request is ignored (RFC 5291)", () => {
  expect(decode(message("05 0001 00 01 01 40 0000"))).toEqual({
    type: "routeRefresh",
    subtype: "request",
    family: "ipv4",
  });
});

test.each(["01", "02"])("of subtype %s with another length, it comes back whole (RFC 7313 section 5)", (subtype) => {
  const bytes = message("05 0001", subtype, "01 00");
  expect(() => decode(bytes)).toThrow(
    expect.objectContaining({ notification: notification("invalidRouteRefreshLength", bytes) }),
  );
});
