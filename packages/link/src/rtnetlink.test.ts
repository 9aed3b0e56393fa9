import { DecodeError } from "@heraldlb/net";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { addressBody, attribute, linkBody, message, u32 } from "./netlink.test.fixture.ts";
import { decodeRouteMessages, encodeAddressListing, encodeLinkListing, encodeLinkRequest } from "./rtnetlink.ts";

const MAC = [0x02, 0x4c, 0, 0, 0, 0x42];
const NAME = attribute(3, new TextEncoder().encode("eth0\0"));
// UP, BROADCAST, RUNNING, MULTICAST, LOWER_UP
const READY = 0x11043;

describe("a link", () => {
  const decode = (flags: number, attributes: readonly number[]) => {
    const [decoded] = decodeRouteMessages(message(16, linkBody(7, flags, attributes)));
    return decoded?.type === "link" ? decoded.link : undefined;
  };

  test("has index, name, MAC, state and master", () => {
    expect(decode(READY, [...NAME, ...attribute(1, MAC), ...attribute(10, u32(9))])).toEqual({
      index: 7,
      name: "eth0",
      mac: "02:4c:00:00:00:42",
      up: true,
      carrier: true,
      loopback: false,
      broadcast: true,
      noArp: false,
      master: 9,
    });
  });

  test.each([
    ["down", 0x1002, { up: false, carrier: false, broadcast: true }],
    ["up without carrier", 0x1003, { up: true, carrier: false }],
    ["with a signal but not operational", 0x11003, { up: true, carrier: false }],
    ["the loopback", 0x10049, { loopback: true, broadcast: false, carrier: true }],
    ["a tunnel", 0x100d1, { noArp: true, broadcast: false }],
  ])("can be %s", (_name, flags, expected) => {
    expect(decode(flags, NAME)).toMatchObject(expected);
  });

  test("has no MAC unless that is 48 bits long", () => {
    expect(decode(READY, [...NAME, ...attribute(1, [10, 0, 0, 1])])?.mac).toBeUndefined();
    expect(decode(READY, NAME)?.mac).toBeUndefined();
  });

  test("that is deleted is told by its index", () => {
    expect(decodeRouteMessages(message(17, linkBody(7, 0, NAME)))).toEqual([
      { type: "linkRemoved", index: 7, sequence: 0 },
    ]);
  });

  test("is not deleted when it only leaves a bridge", () => {
    expect(decodeRouteMessages(message(17, linkBody(7, READY, NAME, 7)))).toEqual([]);
  });
});

describe("an address", () => {
  const decode = (fields: Parameters<typeof addressBody>[0], attributes: readonly number[]) => {
    const [decoded] = decodeRouteMessages(message(20, addressBody(fields, attributes)));
    return decoded?.type === "address" ? decoded.address : undefined;
  };
  const IPV6 = [0x20, 0x01, 0x0d, 0xb8, ...new Array<number>(11).fill(0), 1];
  const LINK_LOCAL = [0xfe, 0x80, ...new Array<number>(13).fill(0), 1];

  test("has an interface, a prefix length and a scope", () => {
    expect(decode({ index: 3, prefixLength: 24 }, attribute(1, [192, 0, 2, 1]))).toEqual({
      index: 3,
      address: "192.0.2.1",
      prefixLength: 24,
      linkLocal: false,
      tentative: false,
    });
    expect(decode({ family: 10, scope: 253 }, attribute(1, LINK_LOCAL))).toMatchObject({
      address: "fe80::1",
      linkLocal: true,
    });
  });

  test("of a point-to-point link is the near one", () => {
    const attributes = [...attribute(1, [10, 0, 0, 2]), ...attribute(2, [10, 0, 0, 1])];
    expect(decode({}, attributes)?.address).toBe("10.0.0.1");
  });

  test.each([
    ["tentative in the short flags", 0x40, []],
    ["tentative in the long flags, which come instead of the short ones", 0, attribute(8, u32(0x40))],
    ["duplicated", 0, attribute(8, u32(0x88))],
  ])("can be %s", (_name, flags, attributes) => {
    expect(decode({ family: 10, flags }, [...attribute(1, IPV6), ...attributes])?.tentative).toBe(true);
  });

  test("is final when the long flags say so", () => {
    const attributes = [...attribute(1, IPV6), ...attribute(8, u32(0x80))];
    expect(decode({ family: 10, flags: 0x40 }, attributes)?.tentative).toBe(false);
  });

  test("of another family is left out", () => {
    expect(decodeRouteMessages(message(20, addressBody({ family: 28 }, attribute(1, new Uint8Array(20)))))).toEqual([]);
  });
});

test("the end of a listing tells whether it is to be trusted", () => {
  expect(decodeRouteMessages(message(3, u32(0), { sequence: 5 }))).toEqual([
    { type: "done", interrupted: false, sequence: 5 },
  ]);
  expect(decodeRouteMessages(message(3, u32(0), { flags: 0x12 }))).toMatchObject([{ type: "done", interrupted: true }]);
  expect(decodeRouteMessages(message(16, linkBody(1, 0, NAME), { flags: 0x12 }))).toMatchObject([
    { interrupted: true },
  ]);
});

test("a refusal has its number, lost messages are told, and other messages are left out", () => {
  expect(decodeRouteMessages(message(2, u32(-19 >>> 0), { sequence: 4 }))).toEqual([
    { type: "error", errno: 19, sequence: 4 },
  ]);
  expect(decodeRouteMessages(message(4, []))).toMatchObject([{ type: "overrun" }]);
  expect(decodeRouteMessages(message(24, u32(0)))).toEqual([]);
});

test("several messages in one datagram are all decoded, padded or not", () => {
  const first = message(17, linkBody(1, 0, attribute(3, [97])));
  const unpadded = message(3, u32(0));
  const datagram = new Uint8Array([...first, ...unpadded]);
  expect(decodeRouteMessages(datagram).map(({ type }) => type)).toEqual(["linkRemoved", "done"]);
});

test.each([
  ["a message shorter than its header", message(3, []).with(0, 15)],
  ["a message longer than the datagram", message(3, u32(0)).with(0, 200)],
  ["an attribute shorter than its header", message(16, linkBody(1, 0, [3, 0, 3, 0]))],
  ["an attribute longer than its message", message(16, linkBody(1, 0, [40, 0, 3, 0]))],
  ["a link without its fixed part", message(16, [0, 0, 0, 0])],
  ["a refusal without a number", message(2, [])],
])("rejects %s", (_name, datagram) => {
  expect(() => decodeRouteMessages(datagram)).toThrow(DecodeError);
});

test("rejects every message that was cut", () => {
  const whole = message(16, linkBody(7, READY, [...NAME, ...attribute(1, MAC)]));
  for (let length = 1; length < whole.length; length++) {
    expect(() => decodeRouteMessages(whole.subarray(0, length))).toThrow(DecodeError);
  }
});

test("no bytes make it throw anything but a DecodeError", () => {
  const header = fc.constantFrom(2, 3, 4, 16, 17, 20, 21, 99);
  fc.assert(
    fc.property(header, fc.uint8Array({ maxLength: 120 }), fc.boolean(), (type, body, framed) => {
      const datagram = framed ? message(type, Array.from(body)) : body;
      try {
        decodeRouteMessages(datagram);
      } catch (error) {
        expect(error).toBeInstanceOf(DecodeError);
      }
    }),
    { numRuns: 2_000 },
  );
});

test("requests are what the kernel expects", () => {
  // nlmsghdr: length, RTM_GETLINK, REQUEST | DUMP, sequence; then ifinfomsg.
  expect(encodeLinkListing(1)).toEqual(message(18, new Array(16).fill(0), { flags: 0x301, sequence: 1 }));
  expect(encodeAddressListing(2)).toEqual(message(22, new Array(8).fill(0), { flags: 0x301, sequence: 2 }));
  expect(encodeLinkRequest(3, 7)).toEqual(
    message(18, [0, 0, 0, 0, ...u32(7), ...new Array(8).fill(0)], { flags: 0x1, sequence: 3 }),
  );
});
