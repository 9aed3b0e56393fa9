import { createHash } from "node:crypto";
import { gzipSync } from "node:zlib";
import { KubeError } from "@heraldlb/kube";
import type { Ip, IpRange } from "@heraldlb/net";
import { recordingLogger } from "@heraldlb/runtime/testing";
import { describe, expect, test } from "vitest";
import { settle } from "../controller.test.fixture.ts";
import type { StatusRecord } from "../ledger.ts";
import { FakeCluster } from "./fake-cluster.test.fixture.ts";
import { StateMap } from "./state-map.ts";

const MAPS = "/api/v1/namespaces/herald/configmaps";
const PATH = `${MAPS}/state`;
const freed = (last: number, at: number) => ({ address: `10.0.0.${last}` as Ip, at, by: "default/web" });

const NOTHING = { freed: [], holders: new Map(), pools: undefined, stranded: new Map(), speakers: [] };
const HOLDERS = new Map([
  ["default/web", ["10.0.0.2", "fd00::2"]],
  ["default/db", ["10.0.0.3"]],
]);
const POOLS = new Map([["lab", ["10.0.0.1-10.0.0.9" as IpRange, "fd00::1-fd00::9" as IpRange]]]);
const record = { namespace: "default", name: "web", addresses: ["10.0.0.2"], pool: "old", stranded: "buggyAddress" };
const STRANDED = new Map<string, StatusRecord>([
  ["default/web", record],
  ["default/db", { ...record, name: "db", announcedBy: [{ kind: "L2Advertisement" }] }],
]);

function open(object?: object) {
  const kube = new FakeCluster();
  if (object) kube.put(MAPS, { metadata: { name: "state" }, ...object });
  const log = recordingLogger();
  return { kube, log, state: new StateMap(kube, { namespace: "herald", name: "state", log }) };
}

const notes = (value: unknown) => ({ binaryData: { notes: gzipSync(JSON.stringify(value)).toString("base64") } });

test("what was written is read again, and each part leaves the other alone", async () => {
  const { kube, state } = open();
  await state.read();
  await state.writeSpeakers(["n1", "n2"]);
  const written = { freed: [freed(1, 5)], holders: HOLDERS, pools: POOLS, stranded: STRANDED };
  await state.writeNotes(written);
  expect(await state.read()).toEqual({ ...written, speakers: ["n1", "n2"] });
  expect(kube.requests).toEqual([`GET ${PATH}`, `POST ${MAPS}`, `PATCH ${PATH}`, `GET ${PATH}`]);
});

test("nothing is remembered where there is nothing", async () => {
  expect(await open().state.read()).toEqual(NOTHING);
});

test.each([
  ["no JSON", { ...notes(1), data: { speakers: "{" } }],
  ["no compressed text", { binaryData: { notes: "AAAA" } }],
  [
    "no records",
    notes({ stranded: [null, [], [1, record], ["default/web", 1], ["default/web", { ...record, pool: 1 }]] }),
  ],
  ["no lists", { ...notes({ freed: {}, holders: 1, pools: {}, stranded: 1 }), data: { speakers: '"n1"' } }],
  [
    "no addresses",
    {
      ...notes({
        freed: [null, 1, { address: "x", at: 1, by: "a" }, { address: "10.0.0.1" }],
        holders: [null, [1, []], ["default/web", 1], []],
      }),
      data: { speakers: "[1,null]" },
    },
  ],
])("what is damaged is forgotten: %s", async (_, object) => {
  expect(await open(object).state.read()).toEqual(NOTHING);
});

test("of pools all is noted that can be read", async () => {
  const pools = [null, [1, []], ["a", 1], ["lab", ["10.0.0.1-10.0.0.9", 1, "x", "10.0.0.9-10.0.0.1"]]];
  const lab = ["10.0.0.1-10.0.0.9"];
  expect((await open(notes({ pools })).state.read()).pools).toEqual(new Map(Object.entries({ a: [], lab })));
});

test("of more than an object can hold a part is kept, of what was freed the last, and that is said once", async () => {
  const { state, log } = open();
  // What cannot be compressed.
  const name = (index: number) => createHash("sha512").update(`${index}`).digest("hex");
  const many = Array.from({ length: 16_000 }, (_, index) => ({ ...freed(index % 250, index), by: name(-index) }));
  const holders = new Map(many.map(({ address, at }) => [name(at), [address]]));
  await state.writeNotes({ freed: many, holders });
  await state.writeNotes({ freed: many, holders });
  const { freed: kept, holders: noted } = await state.read();
  expect(Math.min(...kept.map(({ at }) => at))).toBe(many.length - kept.length);
  expect([kept.length, noted.size].filter((size) => size > 1_000 && size < many.length)).toHaveLength(2);
  const lost = { freed: many.length - kept.length, holders: many.length - noted.size };
  expect(log.entries).toMatchObject([{ level: "warn", fields: { configMap: "herald/state", lost } }]);
});

describe("a memory that somebody else has written too", () => {
  test("is read again, and written all the same", async () => {
    const { kube, state } = open({});
    await state.read();
    kube.put(MAPS, { metadata: { name: "state" }, data: { mine: "1" } });
    await state.writeNotes({ freed: [], holders: HOLDERS });
    expect(kube.requests.slice(1)).toEqual([`PATCH ${PATH}`, `GET ${PATH}`, `PATCH ${PATH}`]);
    expect(kube.object(PATH)).toMatchObject({ data: { mine: "1" }, binaryData: { notes: expect.any(String) } });
  });

  test("is made again after it was deleted, and taken as it is if it was made meanwhile", async () => {
    const { kube, state } = open({});
    await state.read();
    kube.remove(MAPS, { metadata: { name: "state" } });
    await state.writeNotes({ freed: [], holders: HOLDERS });
    const other = new StateMap(kube, { namespace: "herald", name: "state", log: recordingLogger() });
    await other.writeSpeakers(["n1"]);
    expect(await state.read()).toEqual({ ...NOTHING, holders: HOLDERS, speakers: ["n1"] });
  });

  test("is whole again after it was deleted, whichever part is written first", async () => {
    const { kube, state } = open({ ...notes({ holders: [...HOLDERS] }), data: { speakers: '["n1"]' } });
    await state.read();
    kube.remove(MAPS, { metadata: { name: "state" } });
    await state.writeSpeakers(["n1", "n2"]);
    kube.remove(MAPS, { metadata: { name: "state" } });
    await state.writeNotes({ freed: [], holders: HOLDERS, pools: POOLS });
    expect(await state.read()).toEqual({ ...NOTHING, holders: HOLDERS, pools: POOLS, speakers: ["n1", "n2"] });
    kube.remove(MAPS, { metadata: { name: "state" } });
    await state.writeSpeakers(["n2"]);
    expect(await state.read()).toEqual({ ...NOTHING, holders: HOLDERS, pools: POOLS, speakers: ["n2"] });
  });

  test("is whole again after both parts were written at once", async () => {
    const { kube, state } = open({});
    await state.read();
    const { promise: bothSent, resolve } = Promise.withResolvers<void>();
    kube.before = () => {
      if (kube.requests.filter((request) => request === `PATCH ${PATH}`).length > 1) resolve();
      return bothSent;
    };
    await Promise.all([state.writeSpeakers(["n1"]), state.writeNotes({ freed: [], holders: new Map() })]);
    kube.remove(MAPS, { metadata: { name: "state" } });
    await state.writeNotes({ freed: [], holders: HOLDERS });
    expect(await state.read()).toEqual({ ...NOTHING, holders: HOLDERS, speakers: ["n1"] });
  });

  test("is as it was last, whoever has written it, after it was deleted", async () => {
    const { kube, state } = open({ data: { speakers: '["n1"]' } });
    await state.read();
    kube.put(MAPS, { metadata: { name: "state" }, data: { speakers: '["n2"]' } });
    await state.writeNotes({ freed: [], holders: HOLDERS });
    kube.remove(MAPS, { metadata: { name: "state" } });
    await state.writeNotes({ freed: [], holders: HOLDERS });
    expect(await state.read()).toEqual({ ...NOTHING, holders: HOLDERS, speakers: ["n2"] });
  });

  test("is nothing to a leader that began when it was gone", async () => {
    const { kube, state } = open(notes({ holders: [...HOLDERS] }));
    await state.read();
    kube.remove(MAPS, { metadata: { name: "state" } });
    expect(await state.read()).toEqual(NOTHING);
    await state.writeSpeakers(["n1"]);
    expect(await state.read()).toEqual({ ...NOTHING, speakers: ["n1"] });
  });

  test("does not take what a former leader has sent before", async () => {
    const { kube, state } = open({});
    const former = new StateMap(kube, { namespace: "herald", name: "state", log: recordingLogger() });
    await Promise.all([state.read(), former.read()]);
    const { promise: arrival, resolve: arrive } = Promise.withResolvers<void>();
    kube.before = () => arrival;
    const late = former.writeNotes({ freed: [freed(1, 5)], holders: new Map() });
    while (kube.requests.length < 3) await settle();
    kube.before = () => {};
    await state.writeNotes({ freed: [], holders: HOLDERS });
    kube.before = (method) => {
      if (method === "PATCH") throw new KubeError("not sent", { status: 0 });
    };
    arrive();
    await expect(late).rejects.toMatchObject({ status: 0 });
    expect(await state.read()).toMatchObject({ freed: [], holders: HOLDERS });
  });
});

test("an API server's refusal is told", async () => {
  const { kube, state } = open();
  kube.before = () => {
    throw new KubeError("forbidden", { status: 403 });
  };
  await expect(state.read()).rejects.toMatchObject({ status: 403 });
  await expect(state.writeSpeakers([])).rejects.toMatchObject({ name: "RefusedError", message: "forbidden" });
});
