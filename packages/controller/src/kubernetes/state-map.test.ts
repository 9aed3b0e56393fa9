import { KubeError } from "@heraldlb/kube";
import type { Ip } from "@heraldlb/net";
import { expect, test } from "vitest";
import { FakeCluster } from "./fake-cluster.test.fixture.ts";
import { StateMap } from "./state-map.ts";

const MAPS = "/api/v1/namespaces/herald/configmaps";
const PATH = `${MAPS}/state`;
const freed = (last: number, at: number) => ({ address: `10.0.0.${last}` as Ip, at, by: "default/web" });

function open(data?: object) {
  const kube = new FakeCluster();
  if (data) kube.put(MAPS, { metadata: { name: "state" }, data });
  return { kube, state: new StateMap(kube, { namespace: "herald", name: "state" }) };
}

test("what was written is read again, and each part leaves the other alone", async () => {
  const { kube, state } = open();
  await state.writeSpeakers(["n1", "n2"]);
  await state.writeFreed([freed(1, 5)]);
  expect(await state.read()).toEqual({ freed: [freed(1, 5)], speakers: ["n1", "n2"] });
  expect(kube.requests).toEqual([`PATCH ${PATH}`, `POST ${MAPS}`, `PATCH ${PATH}`, `GET ${PATH}`]);
});

test("nothing is remembered where there is nothing", async () => {
  expect(await open().state.read()).toEqual({ freed: [], speakers: [] });
});

test.each([
  ["no JSON", { freed: "[", speakers: "{" }],
  ["no lists", { freed: "{}", speakers: '"n1"' }],
  ["no addresses", { freed: '[null,1,{"address":"x","at":1,"by":"a"},{"address":"10.0.0.1"}]', speakers: "[1,null]" }],
])("what is damaged is forgotten: %s", async (_, data) => {
  expect(await open(data).state.read()).toEqual({ freed: [], speakers: [] });
});

test("of more than an object can hold those are kept that were freed last", async () => {
  const { state } = open();
  await state.writeFreed(Array.from({ length: 30_000 }, (_, index) => freed(index % 250, index)));
  const { freed: kept } = await state.read();
  expect(kept.length).toBeGreaterThan(10_000);
  expect(Math.min(...kept.map(({ at }) => at))).toBe(30_000 - kept.length);
});

test("an API server's refusal is told", async () => {
  const { kube, state } = open();
  kube.before = () => {
    throw new KubeError("forbidden", { status: 403 });
  };
  await expect(state.read()).rejects.toMatchObject({ status: 403 });
  await expect(state.writeSpeakers([])).rejects.toMatchObject({ status: 403 });
});
