import { recordingLogger } from "@heraldlb/runtime/testing";
import { expect, test } from "vitest";
import { Cluster } from "./cluster.ts";
import { NO_OBSERVER } from "./cluster-observer.ts";
import { advertisement, node, pool, reading, service, slice } from "./controller.test.fixture.ts";
import { Definitions } from "./definitions.ts";
import type { Entry, StatusRecord } from "./ledger.ts";

type Json = Record<string, unknown>;

const bgp = (kind: string, name: string, spec: Json, more: Json = {}): Json => ({
  apiVersion: kind === "BGPPeer" ? "metallb.io/v1beta2" : "metallb.io/v1beta1",
  kind,
  metadata: { name, namespace: "metallb-system", ...more },
  spec,
});

const router = bgp("BGPPeer", "r1", { myASN: 64512, peerASN: 64513, peerAddress: "192.0.2.1" });
const lab = pool("lab", ["10.0.0.1-10.0.0.9"]);
const other = pool("other", ["10.0.1.1-10.0.1.9"]);
const rest = [router, service("web"), slice("web", ["n1"]), node("n1")];
const blue = bgp("Community", "names", { communities: [{ name: "blue", value: "large:64512:1:2" }] });
const ofLab = { ipAddressPools: ["lab"] };

/** A process that takes over with these records. */
function started(statuses: readonly StatusRecord[], objects: readonly Json[]) {
  const stored = new Map(statuses.map((record) => [`${record.namespace}/${record.name}`, record]));
  const definitions = new Definitions(100);
  const entries: Entry[] = [];
  const cluster = new Cluster(
    {
      namespace: undefined,
      loadBalancerClass: undefined,
      ignoreExcludeLabel: false,
      onStranded: "keep",
      listsNodes: false,
    },
    {
      ...{ log: recordingLogger(), definitions, wallClock: () => 0, newest: () => undefined },
      observer: NO_OBSERVER,
      store: (more) => void entries.push(...more),
    },
  );
  let writes = 0;
  const settle = () => {
    for (let round = 0; round < 5; round++) {
      for (const entry of entries.splice(0)) {
        writes++;
        if (entry.type !== "store") continue;
        stored.set(`${entry.record.namespace}/${entry.record.name}`, entry.record);
        cluster.confirm(entry.record);
      }
      while (cluster.isPlanStale) cluster.proceed();
      cluster.endTurn();
    }
  };
  const take = (next: readonly Json[]) => {
    cluster.take(reading([...next, ...rest]));
    settle();
  };
  cluster.take(reading([...objects, ...rest]));
  cluster.begin({ statuses, freed: [], holders: undefined, speakers: [], manifests: [] });
  settle();
  const routes = () => definitions.snapshot("n1").filter(({ type }) => type === "route");
  const groups = () => definitions.snapshot("n1").filter(({ type }) => type === "group");
  return { take, stored, routes, groups, writes: () => writes };
}

test("a stranded address stays a route over a restart as it was last, until an advertisement selects it again", () => {
  const spec = { ...ofLab, communities: ["64512:7", "blue"], localPref: 150 };
  const advertised = bgp("BGPAdvertisement", "a", spec, { annotations: { "heraldlb.io/med": "30" } });
  const first = started([], [lab, advertised, blue]);
  const before = first.routes();
  expect(before).toMatchObject([{ prefix: "10.0.0.1/32", localPref: 150, med: 30, communities: [64512 * 65536 + 7] }]);
  first.take([other]);
  expect(first.routes()).toEqual(before);

  const next = started([...first.stored.values()], [other]);
  expect(next.routes()).toEqual(before);
  expect(next.writes()).toBe(0);

  next.take([lab, bgp("BGPAdvertisement", "b", ofLab)]);
  expect(next.routes()).toMatchObject([{ prefix: "10.0.0.1/32", localPref: 0, communities: [] }]);
  expect(next.stored.get("default/web")?.announcedBy).toBeUndefined();
});

test("of two advertisements that contradict each other the same one counts after a restart", () => {
  const old = { creationTimestamp: "2020-01-01T00:00:00Z" };
  const selective = { ...ofLab, serviceSelectors: [{ matchLabels: {} }], localPref: 200 };
  const first = started(
    [],
    [lab, bgp("BGPAdvertisement", "z", { ...ofLab, localPref: 100 }, old), bgp("BGPAdvertisement", "a", selective)],
  );
  expect(first.routes()).toMatchObject([{ localPref: 100 }]);
  first.take([other]);
  expect(started([...first.stored.values()], [other]).routes()).toEqual(first.routes());
});

test("a stranded address stays announced over a restart by layer 2 and by BGP alike", () => {
  const first = started([], [lab, advertisement("l2", ofLab), bgp("BGPAdvertisement", "bgp", ofLab)]);
  first.take([other]);
  const next = started([...first.stored.values()], [other]);
  expect([next.routes(), next.groups()]).toMatchObject([[{ prefix: "10.0.0.1/32" }], [{ id: "10.0.0.1" }]]);
  next.take([other, advertisement("l2", ofLab)]);
  const { announcedBy } = next.stored.get("default/web") ?? {};
  expect(announcedBy).toMatchObject([{ kind: "BGPAdvertisement", metadata: { name: "bgp" } }]);
});

test("a spoilt memory of its advertisements makes no route", () => {
  const first = started([], [lab, bgp("BGPAdvertisement", "a", ofLab)]);
  first.take([other]);
  const [record] = first.stored.values();
  const announcedBy = [7, null, { kind: "BGPAdvertisement", spec: 5 }];
  expect(started(record ? [{ ...record, announcedBy }] : [], [other]).routes()).toEqual([]);
});
