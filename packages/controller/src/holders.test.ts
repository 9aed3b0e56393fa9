import type { IpRange } from "@heraldlb/net";
import { describe, expect, test } from "vitest";
import { startAddresses as start } from "./addresses.test.fixture.ts";
import type { AddressChanges } from "./addresses.ts";
import { pool, service } from "./controller.test.fixture.ts";
import type { StatusRecord } from "./ledger.ts";

const resting = (name: string, addresses: readonly string[]) => ({
  ...pool(name, addresses),
  metadata: { name, namespace: "metallb-system", annotations: { "heraldlb.io/cool-down": "10s" } },
});
const lab = resting("lab", ["10.0.0.1-10.0.0.2"]);
const plain = pool("plain", ["10.0.9.1-10.0.9.9"]);
const record = (name: string, address: string, from = "lab"): StatusRecord => ({
  ...{ namespace: "default", name, addresses: [address], pool: from },
});
const noted = (...holders: readonly (readonly [name: string, address: string])[]) =>
  new Map(holders.map(([name, address]) => [`default/${name}`, [address]]));

/** Which ranges pool `lab` has, as noted. */
const pools = new Map([["lab", ["10.0.0.1-10.0.0.2" as IpRange]]]);

/** What is to be noted of addresses that rest, or will; undefined: nothing is. */
function notesIn({ entries }: AddressChanges) {
  const entry = entries.find(({ type }) => type === "notes");
  if (entry?.type !== "notes") return undefined;
  const { freed, holders } = entry.notes;
  return { type: "notes", notes: { freed, holders } };
}

describe("where statuses go with their Services, who has an address of a pool with a cool-down", () => {
  test("is noted with what gives or takes it, in one go with what rests", () => {
    const { begun, update } = start([lab, service("a"), service("b")], { holders: new Map(), pools });
    expect(notesIn(begun)).toEqual({
      ...{ type: "notes", notes: { freed: [], holders: noted(["a", "10.0.0.1"], ["b", "10.0.0.2"]) } },
    });
    expect(notesIn(update([lab, service("b")]))).toEqual({
      type: "notes",
      notes: { freed: [{ address: "10.0.0.1", at: 0, by: "default/a" }], holders: noted(["b", "10.0.0.2"]) },
    });
  });

  test("is not noted again as long as it is the same", () => {
    const options = { statuses: [record("a", "10.0.0.1")], holders: noted(["a", "10.0.0.1"]), pools };
    const { begun, update } = start([lab, service("a")], options);
    expect(notesIn(begun)).toBeUndefined();
    expect(notesIn(update([lab, service("a", {}, { labels: { app: "a" } })]))).toBeUndefined();
  });

  test("is noted when the pool gets a cool-down, and no longer when it loses it", () => {
    const [before, after] = [pool("lab", ["10.0.0.1-10.0.0.2"]), lab];
    const { update, settle } = start([before, service("a")], { holders: new Map(), pools });
    expect(notesIn(settle([after, service("a")]))).toMatchObject({ notes: { holders: noted(["a", "10.0.0.1"]) } });
    expect(notesIn(update([before, service("a")]))).toMatchObject({ notes: { holders: new Map() } });
  });

  test("is noted at the start if nobody has noted it so far", () => {
    const { begun } = start([lab, service("a")], { statuses: [record("a", "10.0.0.1")], holders: new Map() });
    expect(begun.entries).toMatchObject([{ type: "notes", notes: { holders: noted(["a", "10.0.0.1"]), pools } }]);
  });

  test("stays noted while the pool is set aside", () => {
    const wrong = { ...lab, spec: { addresses: ["nonsense"] } };
    const options = { statuses: [record("a", "10.0.0.1")], holders: noted(["a", "10.0.0.1"]), pools };
    const { begun, update } = start([wrong, service("a")], options);
    for (const changes of [begun, update([lab, service("a")])]) {
      expect(notesIn(changes)?.notes.holders).toEqual(options.holders);
    }
  });
});

test("nothing is noted of pools without a cool-down, nor where statuses outlive their Services", () => {
  const ranges = new Map([["plain", ["10.0.9.1-10.0.9.9" as IpRange]]]);
  const { begun, update } = start([plain, service("a")], { holders: new Map(), pools: ranges });
  expect([begun, update([plain, service("b")]), update([plain])].map(notesIn)).toEqual([
    undefined,
    undefined,
    undefined,
  ]);
  const files = start([lab, service("a")]);
  expect(notesIn(files.begun)).toBeUndefined();
});

describe("a noted address that its Service does not show", () => {
  const holders = noted(["a", "10.0.0.1"], ["b", "10.0.0.2"]);
  const statuses = [record("b", "10.0.0.2")];

  test("rests from the start on, if the Service is gone", () => {
    const { addresses, begun } = start([lab, service("b"), service("c")], { statuses, holders, now: 6_000 });
    expect(notesIn(begun)).toEqual({
      type: "notes",
      notes: { freed: [{ address: "10.0.0.1", at: 6_000, by: "default/a" }], holders: noted(["b", "10.0.0.2"]) },
    });
    expect(addresses.refusal("default/c")).toMatchObject({ reason: "coolingDown", until: 16_000 });
  });

  test("rests from the start on, if the Service is of another type", () => {
    const objects = [lab, service("a", { type: "ClusterIP" }), service("b"), service("c")];
    const { addresses } = start(objects, { statuses, holders, now: 6_000 });
    expect(addresses.refusal("default/c")).toMatchObject({ reason: "coolingDown", until: 16_000 });
  });

  test("is the Service's again, if that is there", () => {
    // The process has ended after it noted the address, and before the status was written.
    const older = service("c", {}, { creationTimestamp: "2020-01-01T00:00:00Z" });
    const { addresses, begun } = start([lab, service("a"), service("b"), older], { statuses, holders });
    expect(begun.entries.find(({ type }) => type === "store")).toMatchObject({ record: record("a", "10.0.0.1") });
    expect(addresses.refusal("default/c")).toBeDefined();
  });

  test("stays with another Service that shows it", () => {
    const { begun } = start([lab, service("b"), service("c")], {
      statuses: [...statuses, record("c", "10.0.0.1")],
      holders,
    });
    expect(begun.affected).toEqual(["default/b", "default/c"]);
    expect(notesIn(begun)).toMatchObject({
      notes: { freed: [], holders: noted(["b", "10.0.0.2"], ["c", "10.0.0.1"]) },
    });
  });
});

describe("where others may write into the Services, what is to be known of pools", () => {
  const plainRanges = new Map([["plain", ["10.0.9.1-10.0.9.9" as IpRange]]]);
  const holders = new Map();
  const notes = ({ entries }: AddressChanges) => entries.find((entry) => entry.type === "notes")?.notes;

  test("is noted when they change, before anything else", () => {
    const { begun, update } = start([plain, service("a")], { holders });
    expect(begun.entries).toMatchObject([{ type: "notes", notes: { pools: plainRanges } }, { type: "store" }]);
    expect(notes(update([plain, lab, service("a")]))?.pools).toEqual(new Map([...plainRanges, ...pools]));
  });

  test("stays noted of a pool that is set aside", () => {
    const wrong = { ...plain, spec: { addresses: ["nonsense"] } };
    const { begun, update } = start([wrong, lab], { holders, pools: plainRanges });
    expect(notes(begun)?.pools).toEqual(new Map([...plainRanges, ...pools]));
    expect(notes(update([lab]))?.pools).toEqual(pools);
  });

  test("is noted of stranded addresses, with what announces them, as long as they are", () => {
    const statuses = [record("a", "10.0.0.1", "plain")];
    const { addresses, begun, update } = start([lab, service("a")], { statuses, holders, pools: plainRanges });
    expect(notes(begun)?.stranded).toEqual(new Map());
    expect(addresses.given("default/a")).toEqual({ addresses: ["10.0.0.1"], pool: "lab" });
    const gone = update([plain, service("a")]);
    const stranded = { ...record("a", "10.0.0.1"), stranded: "addressOutsidePools" };
    expect(notes(gone)?.stranded).toEqual(new Map([["default/a", stranded]]));
    const by = [{ kind: "L2Advertisement", metadata: { name: "lab" } }];
    expect(addresses.announce("default/a", "L2Advertisement", by)).toMatchObject([
      { type: "notes", notes: { stranded: new Map([["default/a", { ...stranded, announcedBy: by }]]) } },
      { type: "store" },
    ]);
    expect(notes(update([lab, service("a")]))?.stranded).toEqual(new Map());
  });

  test("is forgotten of a Service that is gone", () => {
    const stranded = new Map([["default/a", { ...record("a", "10.0.0.1"), stranded: "addressOutsidePools" }]]);
    const { begun } = start([plain, service("a")], { holders, stranded });
    expect(notes(begun)?.stranded).toEqual(new Map());
  });

  test("is not what a Service says that comes with addresses", () => {
    const annotations = { "metallb.io/ip-allocated-from-pool": "plain" };
    const status = { loadBalancer: { ingress: [{ ip: "203.0.113.7" }] } };
    const { update, addresses } = start([plain], { holders, pools: plainRanges });
    update([plain, { ...service("a", {}, { annotations }), status }]);
    expect(addresses.given("default/a")?.addresses).not.toEqual(["203.0.113.7"]);
  });
});
