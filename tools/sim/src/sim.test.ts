import { describe, expect, test, vi } from "vitest";
import { CLASSES, classNamed } from "./classes/all.ts";
import { play } from "./scene.ts";
import { judge } from "./verdict.ts";

vi.setConfig({ testTimeout: 60_000 });

/** More than 500 runs in all; those with hundreds of groups take twenty times as long as the others. */
const seedsOf = (name: string): number => (name.startsWith("many-") ? 2 : 12);

describe("under faults from fixed seeds", () => {
  test.each(CLASSES)("$name: $what", (fault) => {
    for (let seed = 0; seed < seedsOf(fault.name); seed++) {
      expect({ seed, violations: judge(fault, seed).violations }).toEqual({ seed, violations: [] });
    }
  });

  test("that is 500 runs at least", () => {
    expect(CLASSES.reduce((sum, { name }) => sum + seedsOf(name), 0)).toBeGreaterThanOrEqual(500);
  });

  test("the same seed is the same run, another is another", () => {
    const fault = classNamed("anything");
    if (!fault) throw new Error("no such class");
    const [one, same, other] = [7, 7, 8].map((seed) => {
      const lines: string[] = [];
      play(fault, seed, { trace: (line) => lines.push(line) });
      return lines.join("\n");
    });
    expect(same).toBe(one);
    expect(other).not.toBe(one);
  });
});
