import { Registry } from "prom-client";
import { expect, test } from "vitest";
import { lab, pool, reading, service, startController } from "./controller.test.fixture.ts";
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

test("Services that do not have the addresses they ask for are counted by reason, and series go with them", async () => {
  const { controller, lead, advance } = startController();
  const registry = new Registry();
  addControllerMetrics(registry, controller);
  const counts = async () =>
    (await registry.metrics()).split("\n").filter((line) => line.startsWith("herald_services_refused"));
  const wrong = service("wrong", {}, { annotations: { "metallb.io/address-pool": "none" } });
  const services = ["a", "b", "c"].map((name) => service(name));
  controller.take(reading([pool("lab", ["10.0.0.1/32"]), wrong, ...services]));
  lead(1);
  await advance(25);
  expect(await counts()).toEqual([
    'herald_services_refused{reason="unknownPool"} 1',
    'herald_services_refused{reason="noAddressAvailable"} 2',
  ]);
  controller.take(reading([pool("lab", ["10.0.0.0/28"]), ...services]));
  await advance(25);
  expect(await counts()).toEqual([]);
});
