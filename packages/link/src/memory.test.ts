import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { trimMemory } from "./memory.ts";

const residentOfFiles = () => Number(/^RssFile:\s+(\d+) kB$/m.exec(readFileSync("/proc/self/status", "utf8"))?.[1]);

test("what the start has run is resident no longer, and can be run again", () => {
  residentOfFiles();
  const before = residentOfFiles();
  trimMemory();
  expect(residentOfFiles()).toBeLessThan(before);
  trimMemory();
});
