import { FakeClock, recordingLogger } from "@heraldlb/runtime/testing";
import { expect, test } from "vitest";
import { Refusals } from "./refusals.ts";

const refusal = { node: "n1", address: "192.0.2.1", reason: "the certificate is that of n2, not of node n1" };

function start() {
  const clock = new FakeClock();
  const log = recordingLogger();
  return { clock, log, refusals: new Refusals(clock, log) };
}

test("a speaker that is refused again and again is logged once, then once a minute with how often", async () => {
  const { clock, log, refusals } = start();
  for (let i = 0; i < 301; i++) {
    refusals.note(refusal);
    await clock.advance(200);
  }
  expect(log.entries.map(({ level, message, fields }) => ({ level, message, fields }))).toEqual([
    { level: "warn", message: "speaker refused", fields: refusal },
    { level: "warn", message: "speaker refused", fields: { ...refusal, repeats: 300 } },
  ]);
});

test.each([{ node: "n3" }, { address: "192.0.2.9" }, { reason: "a second Hello" }])(
  "another refusal is logged at once: %j",
  (other) => {
    const { log, refusals } = start();
    refusals.note(refusal);
    refusals.note({ ...refusal, ...other });
    expect(log.entries).toHaveLength(2);
  },
);

test("whoever invents names fills neither the memory nor the log's lines", () => {
  const { log, refusals } = start();
  const name = (i: number) => `${i}`.padEnd(100_000, "x");
  for (let i = 0; i < 5_000; i++) refusals.note({ ...refusal, node: name(i) });
  expect(Math.max(...log.entries.map(({ fields }) => JSON.stringify(fields).length))).toBeLessThan(500);
  refusals.note({ ...refusal, node: name(0) });
  expect(log.entries).toHaveLength(5_001);
});
