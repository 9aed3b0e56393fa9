import { expect, test } from "vitest";
import {
  advertisement,
  type Kit,
  node,
  pool,
  reading,
  service,
  slice,
  startController,
} from "./controller.test.fixture.ts";

/** A leader with so many Services, and a speaker that has just been told to take them and says nothing. */
async function silentTaker(services: number) {
  const names = Array.from({ length: services }, (_, i) => `web-${i}`);
  const kit = startController();
  const manifests = names.flatMap((name) => [service(name), slice(name, ["n1"])]);
  kit.controller.take(reading([pool("lab", ["10.0.0.0/16"]), advertisement(), node("n1"), ...manifests]));
  kit.lead(1);
  await kit.advance(1_500);
  const n1 = kit.dial("n1");
  n1.acknowledges = false;
  await kit.advance(25);
  return { kit, n1, assigned: () => n1.orders.filter((order) => order.startsWith("assign")).length };
}

/** Whether any was, of which one line a second is logged. */
const isGivenUp = ({ log }: Kit) => log.entries.some(({ message }) => message === "assignment not acknowledged");

test("orders that wait for their turn are not taken for unacknowledged", async () => {
  const { kit, assigned } = await silentTaker(600);
  await kit.advance(250);
  expect(assigned()).toBe(64);
  await kit.advance(300);
  expect([assigned(), isGivenUp(kit)]).toEqual([128, false]);
});

test("orders that have left and are never acknowledged are given up", async () => {
  const { kit } = await silentTaker(10);
  await kit.advance(400);
  expect(isGivenUp(kit)).toBe(true);
});

test("a controller that was stopped reads what was acknowledged meanwhile before it judges", async () => {
  const { kit } = await silentTaker(10);
  await kit.clock.advance(1_000);
  kit.controller.tick();
  expect(isGivenUp(kit)).toBe(false);
  await kit.advance(400);
  expect(isGivenUp(kit)).toBe(true);
});
