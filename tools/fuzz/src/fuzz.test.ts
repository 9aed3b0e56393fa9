import { DecodeError } from "@heraldlb/net";
import { describe, expect, test } from "vitest";
import { fuzz } from "./fuzz.ts";
import { fromHex, toHex } from "./hex.ts";
import { Random } from "./random.ts";
import { judgeOf, nextInput, type Target } from "./target.ts";
import { targets } from "./targets.ts";

const INPUTS = 20_000;

describe.each(targets.map((target) => [target.name, target] as const))("%s", (_name, target) => {
  test("survives noise and broken packets", () => {
    const { decoded, refused, finding } = fuzz(target, INPUTS, 1);
    expect(finding).toBeUndefined();
    // Inputs that are all refused, or none, would prove little.
    expect(decoded).toBeGreaterThan(INPUTS / 20);
    expect(refused).toBeGreaterThan(INPUTS / 20);
  });

  test("decodes its own samples", () => {
    for (const sample of target.samples) expect(target.judge(sample)).toBe("decoded");
  });
});

/** A codec of one number, with a bug to be found. */
function broken(decode: (bytes: Uint8Array) => number): Target {
  const sample = Uint8Array.of(1, 2, 3);
  return {
    name: "broken",
    samples: [sample],
    lengthFields: [0],
    judge: judgeOf({ decode, encode: (value) => Uint8Array.of(value) }),
    repair: () => {},
  };
}

describe("a finding", () => {
  test("is any error but DecodeError", () => {
    const target = broken((bytes) => {
      if (bytes.length === 0) throw new DecodeError("truncated", "empty");
      if (bytes.length > 5) throw new TypeError("too long");
      return bytes[0] as number;
    });
    const { finding } = fuzz(target, INPUTS, 1);
    expect(finding?.problem).toContain("too long");
    expect(target.judge(finding?.input as Uint8Array)).toEqual({ problem: finding?.problem });
  });

  test("is a value that does not come back", () => {
    const { finding } = fuzz(
      broken((bytes) => bytes.length),
      INPUTS,
      1,
    );
    expect(finding?.problem).toContain("another value");
  });

  test("comes at the same input with the same seed", () => {
    const target = broken((bytes) => {
      if (bytes[0] === 0x80) throw new RangeError("x");
      return bytes[0] ?? 0;
    });
    expect(fuzz(target, INPUTS, 7)).toEqual(fuzz(target, INPUTS, 7));
    expect(fuzz(target, INPUTS, 7).finding).toBeDefined();
  });
});

test("another seed gives other inputs", () => {
  const [target] = targets as [(typeof targets)[number]];
  const list = (seed: number) => {
    const random = new Random(seed);
    return Array.from({ length: 10 }, () => nextInput(target, random));
  };
  expect(list(1)).toEqual(list(1));
  expect(list(1)).not.toEqual(list(2));
});

test("an input survives its way through a report", () => {
  const bytes = new Random(1).bytes(20);
  expect(fromHex(toHex(bytes))).toEqual(bytes);
  expect([fromHex("0"), fromHex("0g"), fromHex("")]).toEqual([undefined, undefined, new Uint8Array()]);
});
