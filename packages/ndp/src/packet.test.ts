import { DecodeError, type Ipv6, internetChecksum, type Mac, onesComplementSum, type Prefix } from "@heraldlb/net";
import { describe, expect, test } from "vitest";
import type { NdpMessage } from "./message.ts";
import { decodeNdpPacket, encodeNdpPacket, type NdpPacket } from "./packet.ts";

const macA = "02:00:00:00:00:0a" as Mac;
const macB = "02:00:00:00:00:0b" as Mac;

// All but the router advertisement were captured from two Linux 6.x namespaces joined by a veth pair.
const cases: readonly (readonly [string, NdpPacket, Uint8Array])[] = [
  [
    "a neighbor solicitation",
    packet("2001:db8::1", "ff02::1:ff00:2", {
      type: "neighborSolicitation",
      target: "2001:db8::2" as Ipv6,
      options: [{ type: "sourceLinkLayer", mac: macA }],
    }),
    hex(
      "60000000 0020 3a ff 20010db8000000000000000000000001 ff0200000000000000000001ff000002",
      "87 00 1c1e 00000000 20010db8000000000000000000000002 01 01 02000000000a",
    ),
  ],
  [
    "a neighbor solicitation of duplicate address detection, with a nonce (RFC 7527)",
    packet("::", "ff02::1:ff00:2", {
      type: "neighborSolicitation",
      target: "2001:db8::2" as Ipv6,
      options: [{ type: "unknown", code: 14, value: hex("e5fadd48d465") }],
    }),
    hex(
      "60000000 0020 3a ff 00000000000000000000000000000000 ff0200000000000000000001ff000002",
      "87 00 a738 00000000 20010db8000000000000000000000002 0e 01 e5fadd48d465",
    ),
  ],
  [
    "a neighbor advertisement",
    packet("2001:db8::2", "2001:db8::1", {
      type: "neighborAdvertisement",
      target: "2001:db8::2" as Ipv6,
      router: false,
      solicited: true,
      override: true,
      options: [{ type: "targetLinkLayer", mac: macB }],
    }),
    hex(
      "60000000 0020 3a ff 20010db8000000000000000000000002 20010db8000000000000000000000001",
      "88 00 8a68 60000000 20010db8000000000000000000000002 02 01 02000000000b",
    ),
  ],
  [
    "a neighbor advertisement without options, as answer to a unicast solicitation",
    packet("2001:db8::1", "fe80::ff:fe00:b", {
      type: "neighborAdvertisement",
      target: "2001:db8::1" as Ipv6,
      router: false,
      solicited: true,
      override: false,
      options: [],
    }),
    hex(
      "60000000 0018 3a ff 20010db8000000000000000000000001 fe80000000000000000000fffe00000b",
      "88 00 deac 40000000 20010db8000000000000000000000001",
    ),
  ],
  [
    "a router solicitation",
    packet("fe80::ff:fe00:a", "ff02::2", {
      type: "routerSolicitation",
      options: [{ type: "sourceLinkLayer", mac: macA }],
    }),
    hex(
      "60000000 0010 3a ff fe80000000000000000000fffe00000a ff020000000000000000000000000002",
      "85 00 7b1a 00000000 01 01 02000000000a",
    ),
  ],
  [
    "a router advertisement with every option",
    packet("fe80::1", "ff02::1", {
      type: "routerAdvertisement",
      hopLimit: 64,
      managed: true,
      otherConfig: true,
      lifetimeSeconds: 1_800,
      reachableMs: 30_000,
      retransmitMs: 1_000,
      options: [
        { type: "sourceLinkLayer", mac: macB },
        {
          type: "prefixInformation",
          prefix: "2001:db8:0:1::/64" as Prefix,
          onLink: true,
          autonomous: true,
          validSeconds: 0xffff_ffff,
          preferredSeconds: 604_800,
        },
        { type: "mtu", mtu: 1_500 },
        { type: "redirectedHeader", packet: hex("0102030405060708") },
        { type: "unknown", code: 24, value: hex("0000 00000000") },
      ],
    }),
    hex(
      "60000000 0058 3a ff fe800000000000000000000000000001 ff020000000000000000000000000001",
      "86 00 0000 40 c0 0708 00007530 000003e8",
      "01 01 02000000000b",
      "03 04 40 c0 ffffffff 00093a80 00000000 20010db8000000010000000000000000",
      "05 01 0000 000005dc",
      "04 02 0000 00000000 0102030405060708",
      "18 01 0000 00000000",
    ),
  ],
];

describe.each(cases)("%s", (_name, decoded, captured) => {
  const wire = seal(captured);

  test("encodes to its bytes", () => {
    expect(encodeNdpPacket(decoded)).toEqual(wire);
  });

  test("decodes from its bytes", () => {
    expect(decodeNdpPacket(wire)).toEqual(decoded);
  });

  test("decodes with Ethernet padding behind it, whatever is in there", () => {
    expect(decodeNdpPacket(Uint8Array.from([...wire, 0xee, 0xee, 0xee]))).toEqual(decoded);
  });

  test.each(Array.from(wire.keys()))("is rejected when cut to %i bytes", (length) => {
    expect(() => decodeNdpPacket(wire.subarray(0, length))).toThrow(DecodeError);
  });

  test("is rejected when cut by any number of bytes of which its header knows", () => {
    for (let length = 40; length < wire.length; length++) {
      const cut = wire.slice(0, length);
      cut.set([(length - 40) >>> 8, (length - 40) & 0xff], 4);
      const shorter = attempt(() => decodeNdpPacket(seal(cut)));
      // What is left may be valid: an option less.
      if (shorter instanceof Error) expect(shorter).toBeInstanceOf(DecodeError);
      else expect(shorter.message.options.length).toBeLessThan(decoded.message.options.length);
    }
  });

  test("is rejected when any of its bits that the checksum covers is flipped", () => {
    for (let bit = 8 * 8; bit < 8 * wire.length; bit++) {
      const flipped = wire.slice();
      flipped[bit >>> 3] = (flipped[bit >>> 3] as number) ^ (0x80 >>> (bit & 7));
      expect(() => decodeNdpPacket(flipped)).toThrow(DecodeError);
    }
  });

  test.each([
    ["IP version", 0, 0x40, "malformed"],
    ["next header: hop-by-hop options", 6, 0, "unsupported"],
    ["next header: routing", 6, 43, "unsupported"],
    ["next header: fragment", 6, 44, "unsupported"],
    ["next header: UDP", 6, 17, "unsupported"],
    ["hop limit", 7, 254, "malformed"],
    ["hop limit", 7, 64, "malformed"],
    ["ICMP type: echo request", 40, 128, "unsupported"],
    ["ICMP type: redirect", 40, 137, "unsupported"],
    ["ICMP code", 41, 1, "malformed"],
  ])("is rejected with another %s", (_field, offset, value, code) => {
    const wrong = seal(wire.with(offset, value));
    expect(() => decodeNdpPacket(wrong)).toThrow(expect.objectContaining({ code }));
  });

  test("decodes whatever its traffic class, flow label and reserved bits are", () => {
    const odd = wire.slice();
    odd.set([0x6f, 0xff, 0xff, 0xff]);
    if (decoded.message.type !== "routerAdvertisement") odd[47] = 0xff;
    expect(decodeNdpPacket(seal(odd))).toEqual(decoded);
  });
});

test("refuses to encode more options than a payload's length can count, as a bug", () => {
  const options = Array.from(
    { length: 33 },
    () => ({ type: "unknown", code: 200, value: new Uint8Array(2_038) }) as const,
  );
  const solicitation = packet("fe80::1", "ff02::2", { type: "routerSolicitation", options });
  expect(() => encodeNdpPacket(solicitation)).toThrow(RangeError);
});

test("keeps the bytes of unknown options as views, not copies", () => {
  const wire = seal((cases[1] as (typeof cases)[number])[2]);
  const [option] = decodeNdpPacket(wire).message.options;
  expect(option?.type === "unknown" && option.value.buffer).toBe(wire.buffer);
});

describe("a captured checksum", () => {
  test.each(cases.slice(0, 5))("of %s is the one computed here", (_name, decoded, captured) => {
    expect(encodeNdpPacket(decoded).subarray(42, 44)).toEqual(captured.subarray(42, 44));
  });
});

function packet(source: string, destination: string, message: NdpMessage): NdpPacket {
  return { source: source as Ipv6, destination: destination as Ipv6, message };
}

/** The packet with the checksum that it should have, computed another way than the codec does. */
function seal(bytes: Uint8Array): Uint8Array {
  const sealed = Uint8Array.from(bytes);
  if (sealed.length < 44) return sealed;
  sealed.set([0, 0], 42);
  const length = ((sealed[4] as number) << 8) | (sealed[5] as number);
  const pseudoHeader = [...sealed.subarray(8, 40), 0, 0, length >>> 8, length & 0xff, 0, 0, 0, 58];
  const sum = internetChecksum(sealed.subarray(40, 40 + length), onesComplementSum(Uint8Array.from(pseudoHeader)));
  sealed.set([sum >>> 8, sum & 0xff], 42);
  return sealed;
}

function attempt<T>(run: () => T): T | Error {
  try {
    return run();
  } catch (error) {
    return error as Error;
  }
}

function hex(...lines: string[]): Uint8Array {
  const digits = lines.join("").replaceAll(" ", "");
  return Uint8Array.from(digits.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}
