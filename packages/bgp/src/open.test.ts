import { describe, expect, test } from "vitest";
import { BgpError } from "./bgp-error.ts";
import type { Capability } from "./capability.ts";
import { decodeMessage, encodeMessage } from "./message.ts";
import { INITIAL_CODEC_OPTIONS } from "./negotiation.ts";
import { notification } from "./notification.ts";
import type { Open } from "./open.ts";
import { hex, ipv4, message, only } from "./wire.test.fixture.ts";

const HEAD = "01 04 fde9 005a c0000201";

function open(...capabilities: readonly Capability[]): Open {
  return { type: "open", asn: 65_001, holdSeconds: 90, identifier: ipv4("192.0.2.1"), capabilities };
}

function decode(bytes: Uint8Array): Open {
  return only("open", decodeMessage(bytes, INITIAL_CODEC_OPTIONS));
}

const forms: readonly (readonly [string, Open, Uint8Array])[] = [
  ["without capabilities (RFC 4271)", open(), message(HEAD, "00")],
  [
    "with families (RFC 4760)",
    open({ type: "multiprotocol", family: "ipv4" }, { type: "multiprotocol", family: "ipv6" }),
    message(HEAD, "0e 02 0c", "01 04 0001 00 01", "01 04 0002 00 01"),
  ],
  [
    "with a four-byte AS number (RFC 6793)",
    { ...open({ type: "fourByteAs" }), asn: 4_200_000_001 },
    message("01 04 5ba0 005a c0000201", "08 02 06", "41 04 fa56ea01"),
  ],
  ["with a small AS number in four bytes", open({ type: "fourByteAs" }), message(HEAD, "08 02 06", "41 04 0000fde9")],
  [
    "with route refresh (RFC 2918), enhanced (RFC 7313)",
    open({ type: "routeRefresh" }, { type: "enhancedRouteRefresh" }),
    message(HEAD, "06 02 04", "02 00", "46 00"),
  ],
  [
    "with graceful restart (RFC 4724) over NOTIFICATIONs (RFC 8538)",
    open({
      type: "gracefulRestart",
      restarted: true,
      notification: true,
      restartSeconds: 4_095,
      entries: [
        { family: "ipv4", forwarding: true },
        { family: "ipv6", forwarding: false },
      ],
    }),
    message(HEAD, "0e 02 0c", "40 0a cfff 0001 01 80 0002 01 00"),
  ],
  [
    "with long-lived graceful restart (RFC 9494)",
    open({
      type: "longLivedGracefulRestart",
      entries: [{ family: "ipv6", forwarding: true, staleSeconds: 16_777_215 }],
    }),
    message(HEAD, "0b 02 09", "47 07 0002 01 80 ffffff"),
  ],
  ["with long messages (RFC 8654)", open({ type: "extendedMessage" }), message(HEAD, "04 02 02", "06 00")],
  [
    "with IPv6 next hops for IPv4 (RFC 8950)",
    open({ type: "extendedNextHop", entries: [{ family: "ipv4", nextHop: "ipv6" }] }),
    message(HEAD, "0a 02 08", "05 06 0001 0001 0002"),
  ],
  [
    "with path identifiers in each direction (RFC 7911)",
    open({
      type: "addPath",
      entries: [
        { family: "ipv4", mode: "receive" },
        { family: "ipv6", mode: "send" },
        { family: "ipv4", mode: "both" },
      ],
    }),
    message(HEAD, "10 02 0e", "45 0c 0001 01 01 0002 01 02 0001 01 03"),
  ],
  [
    "with the host's name (draft-walton-bgp-hostname-capability)",
    open({ type: "hostname", hostname: "rö", domain: "" }),
    message(HEAD, "09 02 07", "49 05 03 72c3b6 00"),
  ],
  [
    "with a capability of who knows what",
    open({ type: "unknown", code: 128, value: hex("0102") }),
    message(HEAD, "06 02 04", "80 02 0102"),
  ],
  [
    "with a family that is not spoken here",
    open({ type: "unknown", code: 1, value: hex("0019 00 46") }),
    message(HEAD, "08 02 06", "01 04 0019 00 46"),
  ],
  ["that never needs a keepalive", { ...open(), holdSeconds: 0 }, message("01 04 fde9 0000 c0000201 00")],
];

describe.each(forms)("an OPEN %s", (_name, value, bytes) => {
  test("is encoded to these bytes", () => {
    expect(encodeMessage(value, INITIAL_CODEC_OPTIONS)).toEqual(bytes);
  });

  test("is decoded from them", () => {
    expect(decode(bytes)).toEqual(value);
  });

  test.each(Array.from(bytes.keys()))("is refused when its body ends after %i bytes", (end) => {
    const cut = bytes.slice(0, end);
    if (end >= 18) cut.set([0, end], 16);
    expect(() => decode(cut)).toThrow(end < 19 ? expect.objectContaining({ code: "truncated" }) : BgpError);
  });
});

// Sent by upstream's native mode to its fuzz corpus: AS 65002, hold time 90.
test("an OPEN of MetalLB's native mode is understood", () => {
  const bytes = message("01 04 fdea 005a b9ecf027 14 02 12 01 04 00010001 01 04 00020001 41 04 0000fdea");
  expect(decode(bytes)).toEqual({
    type: "open",
    asn: 65_002,
    holdSeconds: 90,
    identifier: "185.236.240.39",
    capabilities: [
      { type: "multiprotocol", family: "ipv4" },
      { type: "multiprotocol", family: "ipv6" },
      { type: "fourByteAs" },
    ],
  });
});

describe("optional parameters", () => {
  test("may hold a capability each (RFC 5492 section 4)", () => {
    const bytes = message(HEAD, "0c", "02 06 01 04 0001 00 01", "02 02 02 00");
    expect(decode(bytes).capabilities).toEqual([{ type: "multiprotocol", family: "ipv4" }, { type: "routeRefresh" }]);
  });

  test("are read with lengths of two bytes (RFC 9072), even where one would do", () => {
    const bytes = message(HEAD, "ff ff 000a", "02 0002 02 00", "02 0002 46 00");
    expect(decode(bytes).capabilities).toEqual([{ type: "routeRefresh" }, { type: "enhancedRouteRefresh" }]);
  });

  test("are read with lengths of two bytes whatever the field of one byte says, but 0 (RFC 9072 section 2)", () => {
    expect(decode(message(HEAD, "01 ff 0005", "02 0002 02 00")).capabilities).toEqual([{ type: "routeRefresh" }]);
    expect(() => decode(message(HEAD, "00 ff 0005", "02 0002 02 00"))).toThrow(BgpError);
  });

  test.each([
    [251, 1],
    [252, 2],
  ])("with %i bytes of capability value have lengths of the fewest bytes", (length, bytesInLength) => {
    const value = open({ type: "unknown", code: 200, value: new Uint8Array(length) });
    const bytes = encodeMessage(value, INITIAL_CODEC_OPTIONS);
    expect(bytes.length).toBe(29 + (bytesInLength === 1 ? 2 : 6) + 2 + length);
    expect(decode(bytes)).toEqual(value);
  });

  test("hold more than 255 bytes of capabilities (RFC 9072)", () => {
    const value = open(
      ...Array.from(
        { length: 8 },
        (_, i): Capability => ({ type: "unknown", code: 200 + i, value: new Uint8Array(255) }),
      ),
    );
    expect(decode(encodeMessage(value, INITIAL_CODEC_OPTIONS))).toEqual(value);
  });
});

describe("a capability with a malformed value counts as unknown", () => {
  test.each([
    ["families", "01 03 000100"],
    ["AS number", "41 03 00fde9"],
    ["route refresh", "02 01 00"],
    ["extended next hop", "05 05 0001000100"],
    ["graceful restart", "40 03 007800"],
    ["long-lived graceful restart", "47 06 000101800000"],
    ["add-path", "45 03 000101"],
    ["hostname that is no UTF-8", "49 03 01ff00"],
    ["hostname that ends too early", "49 02 0561"],
  ])("%s", (_name, digits) => {
    const value = hex(digits);
    const [first] = decode(
      message(
        HEAD,
        (value.length + 2).toString(16).padStart(2, "0"),
        "02",
        value.length.toString(16).padStart(2, "0"),
        digits,
      ),
    ).capabilities;
    expect(first).toEqual({ type: "unknown", code: value[0], value: value.subarray(2) });
  });

  test("entries of other families, and modes that do not exist (RFC 7911 section 4), are left out", () => {
    const bytes = message(
      HEAD,
      "2a 02 28",
      "45 0c 0019 46 03 0001 01 04 0001 01 01",
      "05 0c 0001 0080 0002 0001 0001 0002",
      "40 0a 0078 0001 04 80 0001 01 80",
    );
    expect(decode(bytes).capabilities).toEqual([
      { type: "addPath", entries: [{ family: "ipv4", mode: "receive" }] },
      { type: "extendedNextHop", entries: [{ family: "ipv4", nextHop: "ipv6" }] },
      {
        type: "gracefulRestart",
        restarted: false,
        notification: false,
        restartSeconds: 120,
        entries: [{ family: "ipv4", forwarding: true }],
      },
    ]);
  });
});

describe("an OPEN is answered with a NOTIFICATION (RFC 4271 section 6.2)", () => {
  test.each([
    ["of version 3", "01 03 fde9 005a c0000201 00", notification("unsupportedVersionNumber", hex("0004"))],
    ["of AS 0 (RFC 7607)", "01 04 0000 005a c0000201 00", notification("badPeerAs")],
    ["of AS 0 in four bytes", "01 04 5ba0 005a c0000201 08 02 06 41 04 00000000", notification("badPeerAs")],
    ["of two AS numbers", "01 04 fde9 005a c0000201 08 02 06 41 04 0000fdea", notification("badPeerAs")],
    ["with a hold time of 1 s", "01 04 fde9 0001 c0000201 00", notification("unacceptableHoldTime")],
    ["with a hold time of 2 s", "01 04 fde9 0002 c0000201 00", notification("unacceptableHoldTime")],
    ["with identifier 0", "01 04 fde9 005a 00000000 00", notification("badBgpIdentifier")],
    ["with a parameter of another type", `${HEAD} 04 01 02 0000`, notification("unsupportedOptionalParameter")],
    ["with parameters that end too early", `${HEAD} 04 02 02`, notification("openMessageError")],
    ["with bytes behind its parameters", `${HEAD} 00 00`, notification("openMessageError")],
    ["with a capability longer than its parameter", `${HEAD} 04 02 02 02 01`, notification("openMessageError")],
  ])("%s", (_name, digits, expected) => {
    expect(() => decode(message(digits))).toThrow(expect.objectContaining({ notification: expected }));
  });
});

test.each([
  [
    "restart time",
    { type: "gracefulRestart", restarted: false, notification: false, restartSeconds: 4_096, entries: [] },
  ],
  [
    "stale time",
    { type: "longLivedGracefulRestart", entries: [{ family: "ipv4", forwarding: true, staleSeconds: 16_777_216 }] },
  ],
  ["name", { type: "hostname", hostname: "x".repeat(256), domain: "" }],
] as const)("a %s that does not fit is the caller's bug", (_name, capability) => {
  expect(() => encodeMessage(open(capability), INITIAL_CODEC_OPTIONS)).toThrow(RangeError);
});
