import { Registry } from "prom-client";
import { expect, test } from "vitest";
import { lab, reading, startController } from "./controller.test.fixture.ts";
import { addControllerMetrics } from "./metrics.ts";

test("only who decides counts the addresses of pools, so that those of two controllers do not add up", async () => {
  const { controller, lead, advance } = startController();
  const registry = new Registry();
  addControllerMetrics(registry, controller);
  const series = async () => (await registry.metrics()).split("\n").filter((line) => /^metallb_allocator_/.test(line));
  controller.take(reading(lab));
  expect(await series()).toEqual([]);
  lead(1);
  await advance(25);
  expect(await series()).toEqual([
    'metallb_allocator_addresses_total{pool="lab"} 9',
    'metallb_allocator_addresses_in_use_total{pool="lab"} 1',
    'metallb_allocator_ipv4_addresses_total{pool="lab"} 9',
    'metallb_allocator_ipv4_addresses_in_use_total{pool="lab"} 1',
    'metallb_allocator_ipv6_addresses_total{pool="lab"} 0',
    'metallb_allocator_ipv6_addresses_in_use_total{pool="lab"} 0',
  ]);
  controller.standBy();
  expect(await series()).toEqual([]);
});
