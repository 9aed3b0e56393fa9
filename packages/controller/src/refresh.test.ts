import { expect, test } from "vitest";
import { advertisement, node, pool, reading, service, slice, startController } from "./controller.test.fixture.ts";

type Json = Readonly<Record<string, unknown>>;

const every = (refresh?: string) => ({ annotations: refresh === undefined ? {} : { "heraldlb.io/refresh": refresh } });
const world = (own: string | undefined, advertised: string | undefined): Json[] => [
  pool("lab", ["10.0.0.1-10.0.0.9"]),
  { ...advertisement(), metadata: { name: "all", namespace: "metallb-system", ...every(advertised) } },
  ...[service("web", {}, every(own)), slice("web", ["n1"]), node("n1")],
];

/** A leader with one speaker. */
async function running(objects: readonly Json[]) {
  const kit = startController();
  kit.controller.take(reading(objects));
  kit.lead(1);
  const { orders } = kit.dial("n1");
  await kit.advance(1_500);
  return { ...kit, orders };
}

test.each([
  ["nobody asks for it", undefined, undefined, "delta +10.0.0.1"],
  ["the advertisement asks for it", undefined, "5s", "delta +10.0.0.1@5000"],
  ["the Service asks for it", "1m", undefined, "delta +10.0.0.1@60000"],
  ["the Service asks for less than its advertisement", "1m", "5s", "delta +10.0.0.1@60000"],
])("a speaker is told how often to repeat announcements when %s", async (_what, own, advertised, told) => {
  const { orders } = await running(world(own, advertised));
  expect(orders).toContain(told);
});

test("another interval is told to the node that has the address, and moves nothing", async () => {
  const { controller, orders, advance } = await running(world(undefined, undefined));
  const before = orders.length;
  for (const objects of [world(undefined, "5s"), world("1m", "5s"), world(undefined, undefined)]) {
    controller.take(reading(objects));
    await advance(500);
  }
  expect(orders.slice(before)).toEqual(["delta +10.0.0.1@5000", "delta +10.0.0.1@60000", "delta +10.0.0.1"]);
});
