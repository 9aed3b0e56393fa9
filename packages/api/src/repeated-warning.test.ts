import { FakeClock, recordingLogger } from "@heraldlb/runtime/testing";
import { expect, test } from "vitest";
import { RepeatedWarning } from "./repeated-warning.ts";

function setUp() {
  const clock = new FakeClock();
  const log = recordingLogger();
  return { clock, log, warning: new RepeatedWarning("handshake failed", { clock, log }) };
}

test("the first of each peer and reason is told at once", () => {
  const { log, warning } = setUp();
  warning.note({ peer: "10.0.0.1", reason: "expired" });
  warning.note({ peer: "10.0.0.1", reason: "expired" });
  warning.note({ peer: "10.0.0.1", reason: "unknown ca" });
  warning.note({ peer: "10.0.0.2", reason: "expired" });
  expect(log.entries).toMatchObject([
    { level: "warn", message: "handshake failed", fields: { peer: "10.0.0.1", reason: "expired" } },
    { fields: { peer: "10.0.0.1", reason: "unknown ca" } },
    { fields: { peer: "10.0.0.2", reason: "expired" } },
  ]);
});

test("ten a second are one line a minute, with their number", async () => {
  const { clock, log, warning } = setUp();
  for (let i = 0; i < 1801; i++) {
    warning.note({ peer: "10.0.0.1", reason: "expired" });
    await clock.advance(100);
  }
  expect(log.entries.map(({ fields: { count } = {} }) => count)).toEqual([undefined, 600, 600, 600]);
});

test("any number of peers takes little memory", () => {
  const { log, warning } = setUp();
  for (let i = 0; i <= 1000; i++) warning.note({ peer: `peer ${i}`, reason: "expired" });
  warning.note({ peer: "peer 1000", reason: "expired" });
  expect(log.entries).toHaveLength(1001);
  warning.note({ peer: "peer 0", reason: "expired" });
  expect(log.entries).toHaveLength(1002);
});
