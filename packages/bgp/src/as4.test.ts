import { describe, expect, test } from "vitest";
import type { AsPathSegment } from "./as-path.ts";
import type { PathAttribute } from "./attribute.ts";
import { encodeMessage } from "./message.ts";
import type { CodecOptions } from "./negotiation.ts";
import { decoded, ipv4, MODERN, update } from "./wire.test.fixture.ts";

const TWO_BYTE: CodecOptions = { ...MODERN, fourByteAs: false };
const address = ipv4("192.0.2.1");

const sequence = (...asns: readonly number[]): AsPathSegment => ({ type: "sequence", asns });
const path = (...segments: readonly AsPathSegment[]): PathAttribute => ({ type: "asPath", segments });

function sent(...attributes: readonly PathAttribute[]): Uint8Array {
  return encodeMessage({ type: "update", withdrawn: [], attributes, announced: [] }, TWO_BYTE);
}

describe("what a peer of two-byte AS numbers gets (RFC 6793 section 4.2.2)", () => {
  test("has AS_TRANS for large numbers, and the large numbers beside", () => {
    const attributes = [
      path(sequence(65_001, 4_200_000_001)),
      { type: "aggregator", asn: 4_200_000_002, address },
    ] as const;
    const wire =
      "40 02 06 02 02 fde9 5ba0 c0 07 06 5ba0 c0000201 c0 11 0a 02 02 0000fde9 fa56ea01 c0 12 08 fa56ea02 c0000201";
    expect(sent(...attributes)).toEqual(update({ attributes: wire }));
    expect(decoded(sent(...attributes), TWO_BYTE).attributes).toEqual(attributes);
  });

  test("has nothing beside if all numbers fit", () => {
    const attributes = [path(sequence(65_535)), { type: "aggregator", asn: 65_535, address }] as const;
    expect(sent(...attributes)).toEqual(update({ attributes: "40 02 04 02 01 ffff c0 07 06 ffff c0000201" }));
  });

  test("has no confederation's segments beside", () => {
    const attributes = path({ type: "confedSequence", asns: [4_200_000_009] }, sequence(4_200_000_001));
    const wire = "40 02 08 03 01 5ba0 02 01 5ba0 c0 11 06 02 01 fa56ea01";
    expect(sent(attributes)).toEqual(update({ attributes: wire }));
  });
});

describe("what comes from a peer of two-byte AS numbers (RFC 6793 section 4.2.3)", () => {
  const AGGREGATOR = "c0 07 06 5ba0 c0000201";
  const AS4_AGGREGATOR = "c0 12 08 fa56ea02 c0000201";

  test.each<readonly [string, string, readonly PathAttribute[]]>([
    [
      "is the AS4_PATH behind what has been put in front of the AS_PATH since",
      "40 02 0a 02 04 0001 0002 5ba0 5ba0 c0 11 0a 02 02 fa56ea01 fa56ea02",
      [path(sequence(1, 2, 4_200_000_001, 4_200_000_002))],
    ],
    [
      "takes a set as one number",
      "40 02 0a 02 01 0001 01 02 5ba0 0002 c0 11 0a 01 02 fa56ea01 00000002",
      [path(sequence(1), { type: "set", asns: [4_200_000_001, 2] })],
    ],
    [
      "keeps a set that stands in front",
      "40 02 0a 01 02 0001 0002 02 01 5ba0 c0 11 06 02 01 fa56ea01",
      [path({ type: "set", asns: [1, 2] }, sequence(4_200_000_001))],
    ],
    [
      "keeps leading segments of the confederation, which count nothing",
      "40 02 08 03 01 fc00 02 01 5ba0 c0 11 06 02 01 fa56ea01",
      [path({ type: "confedSequence", asns: [64_512] }, sequence(4_200_000_001))],
    ],
    [
      "forgets segments of a confederation in the AS4_PATH",
      "40 02 04 02 01 5ba0 c0 11 0c 03 01 fa56ea09 02 01 fa56ea01",
      [path(sequence(4_200_000_001))],
    ],
    ["is the AS_PATH if that is shorter", "40 02 04 02 01 0001 c0 11 0a 02 02 fa56ea01 fa56ea02", [path(sequence(1))]],
    ["is the AS_PATH if there is nothing beside", "40 02 06 02 02 0001 5ba0", [path(sequence(1, 23_456))]],
    [
      "names the AS4_AGGREGATOR's number",
      `${AGGREGATOR} ${AS4_AGGREGATOR}`,
      [{ type: "aggregator", asn: 4_200_000_002, address }],
    ],
    [
      "ignores both if an AS that does not know them has aggregated",
      `40 02 04 02 01 5ba0 c0 07 06 fde9 c0000201 c0 11 06 02 01 fa56ea01 ${AS4_AGGREGATOR}`,
      [path(sequence(23_456)), { type: "aggregator", asn: 65_001, address }],
    ],
    ["ignores an AS4_AGGREGATOR alone", AS4_AGGREGATOR, []],
    ["ignores an AS4_PATH alone", "c0 11 06 02 01 fa56ea01", []],
  ])("%s", (_name, attributes, expected) => {
    const received = decoded(update({ attributes }), TWO_BYTE);
    expect([received.attributes, received.errors]).toEqual([expected, []]);
  });
});
