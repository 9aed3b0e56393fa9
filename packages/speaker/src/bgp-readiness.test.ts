import { Health } from "@heraldlb/daemon";
import { FakeClock } from "@heraldlb/runtime/testing";
import { expect, test } from "vitest";
import { awaitSessions, reportSessions } from "./bgp-readiness.ts";

function begin() {
  const [clock, health] = [new FakeClock(), new Health()];
  let isConverged = false;
  awaitSessions(health);
  reportSessions(clock, health, () => isConverged);
  const converge = () => {
    isConverged = true;
  };
  return { clock, health, converge };
}

test("a speaker is ready when its routers have been told everything", async () => {
  const { clock, health, converge } = begin();
  await clock.advance(5_000);
  expect([...health.missing.keys()]).toEqual(["bgp"]);
  converge();
  await clock.advance(100);
  expect(health.missing.size).toBe(0);
});

test("routers that are not there are waited for no longer than 30 s", async () => {
  const { clock, health } = begin();
  await clock.advance(29_000);
  expect(health.missing.size).toBe(1);
  await clock.advance(1_100);
  expect(health.missing.size).toBe(0);
});
