import { type Mac, parseIp, parseMac } from "@heraldlb/net";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Claim, claimantsOverTime, claimOf, doubleClaimMs, longestGapMs, runsOf } from "./claims.ts";

const hex = (text: string): Uint8Array =>
  Uint8Array.from(text.match(/[0-9a-f]{2}/g) ?? [], (byte) => Number.parseInt(byte, 16));

// Written out after RFC 826, RFC 5227 and RFC 4861.
const arpReply = hex("020000006451 020000006401 0806 0001 0800 06 04 0002 020000006401 0a400101 020000006451 0a400033");
const gratuitous = hex(
  "ffffffffffff 020000006401 0806 0001 0800 06 04 0001 020000006401 0a400101 ffffffffffff 0a400101",
);
const arpProbe = hex("ffffffffffff 020000006401 0806 0001 0800 06 04 0001 020000006401 00000000 000000000000 0a400101");
const advertisement = hex(
  "333300000001 020000006401 86dd 60000000 0020 3a ff fe80000000000000000000fffe006401 ff020000000000000000000000000001" +
    "8800 b2c5 20000000 fd640000000000000000000000010001 0201 020000006401",
);
const solicitation = hex(
  "3333ff010001 020000006451 86dd 60000000 0020 3a ff fe80000000000000000000fffe006451 ff0200000000000000000001ff010001" +
    "8700 b2c5 00000000 fd640000000000000000000000010001 0101 020000006451",
);

describe("claimOf", () => {
  test.each([
    ["an ARP reply", arpReply, { address: "10.64.1.1", form: "arpReply", to: "one" }],
    ["a gratuitous request", gratuitous, { address: "10.64.1.1", form: "arpRequest", to: "group" }],
    ["an advertisement", advertisement, { address: "fd64::1:1", form: "advertisement", to: "group" }],
  ])("reads %s", (_name, frame, claim) => {
    expect(claimOf(frame, 5)).toEqual({ at: 5, mac: "02:00:00:00:64:01", ...claim });
  });

  test.each([
    ["an ARP probe", arpProbe],
    ["a solicitation", solicitation],
    ["an empty frame", new Uint8Array(0)],
  ])("takes %s for no claim", (_name, frame) => {
    expect(claimOf(frame, 0)).toBeUndefined();
  });

  test("survives any bytes and any cut", () => {
    for (const frame of [arpReply, gratuitous, advertisement]) {
      for (let length = 0; length < frame.length; length++) claimOf(frame.subarray(0, length), 0);
    }
    fc.assert(fc.property(fc.uint8Array({ maxLength: 120 }), (bytes) => void claimOf(bytes, 0)));
  });
});

/** A letter is a claim by that host; one each 10 ms; a blank is none. */
function claims(picture: string): Claim[] {
  return [...picture].flatMap((letter, index) => {
    const [address, mac] = [parseIp("10.64.1.1"), parseMac(`02:00:00:00:00:0${letter}`)];
    return address && mac ? [{ at: index * 10, address, mac, form: "arpReply", to: "one" } satisfies Claim] : [];
  });
}

const mac = (letter: string): Mac | undefined => parseMac(`02:00:00:00:00:0${letter}`);

test("runsOf joins a host's claims until another claims", () => {
  expect(runsOf(claims("aa bba"))).toEqual([
    { mac: mac("a"), first: 0, last: 10, claims: 2 },
    { mac: mac("b"), first: 30, last: 40, claims: 2 },
    { mac: mac("a"), first: 50, last: 50, claims: 1 },
  ]);
});

test.each([
  ["nobody", "", 0],
  ["one host", "aaaaaa", 0],
  ["a clean move", "aaabbb", 0],
  ["a move with a gap", "aaa   bbb", 0],
  ["an old owner that goes on for 30 ms", "aababab", 30],
  ["two that never stop", "abababab", 50],
  ["a return after longer than the patience", "aab   b   bbbaa", 0],
])("doubleClaimMs: %s", (_name, picture, ms) => {
  expect(doubleClaimMs(claims(picture), 40)).toBe(ms);
});

test("claimantsOverTime counts hosts between their claims", () => {
  expect(claimantsOverTime(claims("aaa   bbbabab"), 20, { from: 0, to: 140, stepMs: 20 })).toEqual([
    1, 0, 0, 1, 2, 2, 0,
  ]);
});

test("longestGapMs finds the longest silence, whoever ends it", () => {
  expect(longestGapMs(claims("aab   bba  a"))).toBe(40);
  expect(longestGapMs(claims(""))).toBe(0);
});
