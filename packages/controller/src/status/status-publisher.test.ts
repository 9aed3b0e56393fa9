import { EMPTY_CONFIGURATION, type ObjectProblem } from "@heraldlb/config";
import { FakeClock } from "@heraldlb/runtime/testing";
import { expect, test } from "vitest";
import type { DesiredStatus } from "./desired-status.ts";
import type { ObjectEvent } from "./object-event.ts";
import { bgpStatuses, layer2Statuses } from "./service-statuses.ts";
import { type StatusKind, type StatusTarget, targetKey } from "./status-kind.ts";
import { type ServiceFacts, type StatusModel, StatusPublisher } from "./status-publisher.ts";
import type { StatusObject } from "./status-write.ts";

const NONE: ServiceFacts = { layer2: [], bgp: [], refusal: undefined, silences: [] };
const onNode = (...nodes: string[]): ServiceFacts => ({
  ...NONE,
  layer2: nodes.map((node) => ({ node, interfaces: "all" as const })),
});
const toPeers = (node: string, ...peers: string[]): ServiceFacts => ({ ...NONE, bgp: [{ node, peers }] });

/** What Herald would make, as an API server has it. */
function made({ target, labels, status }: DesiredStatus & { target: StatusTarget }): StatusObject {
  const { name, namespace } = target;
  return { metadata: { name, namespace, uid: `uid of ${name}`, resourceVersion: "1", labels: { ...labels } }, status };
}

/** What a speaker of MetalLB has made. */
function foreign(service: string, node: string): StatusObject {
  const [status] = layer2Statuses(service, [{ node, interfaces: "all" }], "herald");
  if (!status) throw new Error("no status");
  const { metadata, ...rest } = made(status);
  return { metadata: { ...metadata, name: `l2-${node}-x7k2p`, uid: `uid of ${node}` }, ...rest };
}

/** A publisher, the world that it shows, and what it wants of a writer. */
function start({ there = [] as readonly StatusObject[], begins = true } = {}) {
  const clock = new FakeClock();
  const events: ObjectEvent[] = [];
  const observed = new Set<string>();
  const wanted = new Map<string, DesiredStatus | undefined>();
  const services = new Map<string, ServiceFacts>();
  const world = {
    ...{ services, known: new Set(["n1", "n2"]), pools: [] as ReturnType<StatusModel["pools"]> },
    ...{ problems: [] as ObjectProblem[], nodes: ["n1"], foreign: new Set<string>() },
    ...{ others: new Set<string>() },
  };
  const targetOf = (kind: StatusKind, { metadata: { name, namespace = "" } }: StatusObject) =>
    targetKey({ kind, name, namespace });
  const publisher = new StatusPublisher({
    namespace: "herald",
    clock,
    model: {
      pools: () => world.pools,
      configuration: () => ({
        configuration: { ...EMPTY_CONFIGURATION, problems: world.problems },
        written: () => undefined,
      }),
      nodes: () => world.nodes.map((name) => ({ name, labels: {} })),
      services: () => services.keys(),
      service: (key) => services.get(key),
      servedBy: (key) => {
        if (services.has(key)) return "herald";
        return world.others.has(key) ? "others" : "nobody";
      },
      isKnown: (node) => world.known.has(node),
      isForeign: (node) => world.foreign.has(node),
    },
    writer: {
      set: (target, desired) => void wanted.set(targetKey(target), desired),
      has: (target) => observed.has(targetKey(target)),
      synced: (kind, objects) => {
        for (const object of objects) observed.add(targetOf(kind, object));
      },
      observe: (kind, { changed, removed }) => {
        for (const object of changed) observed.add(targetOf(kind, object));
        for (const object of removed) observed.delete(targetOf(kind, object));
      },
      rest: () => wanted.clear(),
    },
    tell: (event) => void events.push(event),
  });
  const synced = () => {
    publisher.synced("ServiceL2Status", there);
    publisher.synced("ServiceBGPStatus", []);
  };
  if (begins) {
    synced();
    publisher.begin();
  }
  return {
    ...{ publisher, clock, world, wanted, observed, synced },
    /** What is told since this was last asked. */
    told: () => events.splice(0).map(({ object, reason, message }) => `${object.name}: ${reason} ${message}`),
    async change(service: string, facts: ServiceFacts | undefined) {
      if (facts) services.set(service, facts);
      else services.delete(service);
      publisher.changed({ services: [service] });
      await clock.advance(100);
    },
    /** Statuses of Services that are to be there, by node, and those that are to go. */
    shown: () =>
      [...wanted].flatMap(([key, desired]) => {
        const { node = "gone" } = desired?.status ?? {};
        return /L2|BGP/.test(key) ? [node] : [];
      }),
  };
}

const announcing = (node: string, protocol = "layer2") =>
  `web: nodeAssigned announcing from node "${node}" with protocol "${protocol}"`;

test("a node that begins to announce is shown and told of, once", async () => {
  const { change, shown, told } = start();
  await change("default/web", onNode("n1"));
  await change("default/web", onNode("n1"));
  expect(shown()).toEqual(["n1"]);
  expect(told()).toEqual([announcing("n1")]);
});

test("another node takes the place of the first", async () => {
  const { change, shown, told } = start();
  await change("default/web", onNode("n1"));
  await change("default/web", onNode("n2"));
  expect(shown()).toEqual(["gone", "n2"]);
  expect(told()).toEqual([announcing("n1"), announcing("n2")]);
});

test("routes are shown while a peer hears of them", async () => {
  const { change, shown, told } = start();
  await change("default/web", toPeers("n1", "tor1"));
  await change("default/web", toPeers("n1", "tor1", "tor2"));
  expect(shown()).toEqual(["n1"]);
  await change("default/web", toPeers("n1"));
  expect(shown()).toEqual(["gone"]);
  expect(told()).toEqual([announcing("n1", "bgp")]);
});

test("what was shown before this process led is not announced anew", async () => {
  const there = layer2Statuses("default/web", [{ node: "n1", interfaces: "all" }], "herald").map(made);
  const { change, shown, told } = start({ there });
  await change("default/web", onNode("n1"));
  expect(shown()).toEqual(["n1"]);
  expect(told()).toEqual([]);
});

test("what is shown of a node stays until it is known what the node announces", async () => {
  const there = layer2Statuses("default/web", [{ node: "n3", interfaces: "all" }], "herald").map(made);
  const { change, shown, publisher, world, clock } = start({ there });
  await change("default/web", onNode("n1"));
  expect(shown()).toEqual(["n1"]);
  world.known.add("n3");
  publisher.changed({ nodes: ["n3"] });
  await clock.advance(100);
  expect(shown()).toEqual(["n1", "gone"]);
});

test("once every node is known that is to be, what is shown of the others goes", async () => {
  const there = layer2Statuses("default/web", [{ node: "n3", interfaces: "all" }], "herald").map(made);
  const { change, shown, publisher, world, clock } = start({ there });
  await change("default/web", onNode("n1"));
  world.known.add("n3");
  publisher.changed({ nodes: "all" });
  await clock.advance(100);
  expect(shown()).toEqual(["n1", "gone"]);
});

test("what MetalLB has left of a Service goes, what it shows of another program's Service stays", async () => {
  const { change, wanted, clock } = start({ there: [foreign("default/web", "n1"), foreign("default/other", "n2")] });
  await change("default/web", onNode("n1"));
  await clock.advance(1_000);
  expect(wanted.get("ServiceL2Status herald/l2-n1-x7k2p")).toBeUndefined();
  expect(wanted.has("ServiceL2Status herald/l2-n1-x7k2p")).toBe(true);
  expect(wanted.has("ServiceL2Status herald/l2-n2-x7k2p")).toBe(false);
});

test("what MetalLB shows with speakers of its own stays, until Herald has one on the node", async () => {
  const { change, publisher, world, wanted, clock } = start({ there: [foreign("default/web", "n2")] });
  world.foreign.add("n2");
  const state = made({ target: { kind: "ConfigurationState", namespace: "herald", name: "speaker-n2" }, status: {} });
  publisher.synced("ConfigurationState", [state]);
  await change("default/web", onNode("n1"));
  const theirs = ["ServiceL2Status herald/l2-n2-x7k2p", "ConfigurationState herald/speaker-n2"];
  expect(theirs.map((key) => wanted.has(key))).toEqual([false, false]);
  world.foreign.clear();
  world.nodes.push("n2");
  publisher.changed({ nodes: ["n2"], configuration: true });
  await clock.advance(100);
  expect(wanted.has(theirs[0] ?? "")).toBe(true);
  expect(theirs.map((key) => wanted.get(key)?.status)).toMatchObject([undefined, { result: "Valid" }]);
});

test("what Herald itself has shown of a node goes, even if nobody remembers that it had a speaker there", async () => {
  const there = layer2Statuses("default/web", [{ node: "n2", interfaces: "all" }], "herald").map(made);
  const { change, world, shown } = start({ there });
  world.foreign.add("n2");
  await change("default/web", onNode("n1"));
  expect(shown()).toEqual(["gone", "n1"]);
});

test("what this or an earlier process has shown of a Service goes with it", async () => {
  const there = bgpStatuses("default/old", [{ node: "n1", peers: ["tor"] }], "herald").map(made);
  const { change, shown, publisher, clock } = start();
  publisher.observe("ServiceBGPStatus", { changed: there, removed: [] });
  await clock.advance(100);
  expect(shown()).toEqual(["gone"]);
  await change("default/web", onNode("n1"));
  await change("default/web", undefined);
  expect(shown()).toEqual(["gone", "gone"]);
});

test("nothing is shown before this process leads, and nothing of Services before it is known what is there", async () => {
  const { change, wanted, told, publisher, clock, synced, shown } = start({ begins: false });
  await change("default/web", onNode("n1"));
  expect(wanted.size).toBe(0);
  publisher.begin();
  await clock.advance(100);
  expect([...wanted.keys()]).toEqual(["ConfigurationState herald/controller", "ConfigurationState herald/speaker-n1"]);
  expect(told()).toEqual([]);
  synced();
  await clock.advance(100);
  expect(shown()).toEqual(["n1"]);
});

test("after its end nothing is published", async () => {
  const { publisher, change, shown, clock } = start();
  publisher.end();
  await change("default/web", onNode("n1"));
  expect(shown()).toEqual([]);
  expect(clock.pending).toBe(0);
});

test("who leads again wants everything anew", async () => {
  const { publisher, change, shown, clock } = start();
  await change("default/web", onNode("n1"));
  publisher.end();
  expect(shown()).toEqual([]);
  publisher.begin();
  await clock.advance(100);
  expect(shown()).toEqual(["n1"]);
});

test("thousands of Services are done in turns, between which others have theirs", async () => {
  const { world, publisher, clock, shown } = start();
  for (let i = 0; i < 1_200; i++) world.services.set(`default/s${i}`, onNode("n1"));
  publisher.changed({ services: world.services.keys() });
  let turns = 0;
  for (; shown().length < 1_200; turns++) await clock.advance(turns === 0 ? 50 : 0);
  expect(turns).toBeGreaterThan(0);
  expect(clock.pending).toBe(0);
});

test("pools that are gone are let be", async () => {
  const { publisher, world, wanted, clock } = start();
  world.pools = [{ pool: "p", total: { ipv4: 8n, ipv6: 0n }, used: { ipv4: 1, ipv6: 0 } }];
  publisher.changed({ pools: true });
  await clock.advance(100);
  expect(wanted.get("IPAddressPool herald/p")?.status).toEqual({
    ...{ assignedIPv4: 1n, assignedIPv6: 0n, availableIPv4: 7n, availableIPv6: 0n },
  });
  world.pools = [];
  publisher.changed({ pools: true });
  await clock.advance(100);
  expect(wanted.get("IPAddressPool herald/p")).toBeUndefined();
});

test("ConfigurationStates of nodes that are gone go, those that nobody knows stay", async () => {
  const { publisher, wanted, clock } = start();
  const states = ["controller", "speaker-n1", "speaker-gone", "mine"].map((name) =>
    made({ target: { kind: "ConfigurationState", namespace: "herald", name }, status: {} }),
  );
  publisher.synced("ConfigurationState", states);
  await clock.advance(100);
  expect(wanted.get("ConfigurationState herald/controller")?.status).toMatchObject({ result: "Valid" });
  expect(wanted.get("ConfigurationState herald/speaker-n1")?.status).toMatchObject({ result: "Valid" });
  expect(wanted.has("ConfigurationState herald/speaker-gone")).toBe(true);
  expect(wanted.get("ConfigurationState herald/speaker-gone")).toBeUndefined();
  expect(wanted.has("ConfigurationState herald/mine")).toBe(false);
});

test("a problem is told of once, and again when it comes back", async () => {
  const { publisher, world, told, clock } = start();
  const id = { kind: "Service", namespace: "default", name: "web" };
  const annotation = "metallb.universe.tf/address-pool";
  const problem: ObjectProblem = {
    ...{ id, origin: {}, severity: "warning", code: "deprecatedAnnotation", message: "use the new one" },
    path: `metadata.annotations["${annotation}"]`,
  };
  world.services.set("default/web", NONE);
  const look = async (problems: ObjectProblem[]) => {
    world.problems = problems;
    publisher.changed({ configuration: true });
    await clock.advance(100);
    return told();
  };
  const message = `web: deprecatedAnnotation Service uses deprecated annotation ${annotation}`;
  expect(await look([problem])).toEqual([message]);
  expect(await look([problem])).toEqual([]);
  expect(await look([])).toEqual([]);
  expect(await look([problem])).toEqual([message]);
  expect(
    await look([{ ...problem, severity: "error", code: "invalidField", path: "spec", message: "is wrong" }]),
  ).toEqual(["web: ConfigurationError spec: is wrong"]);
  expect(await look([{ ...problem, id: undefined }])).toEqual([]);
});

test("a Service that nobody may announce, or that waits, has a condition as long as it is so, and is told of once", async () => {
  const { change, told, wanted } = start();
  const conditions = () => ({ ...wanted.get("Service default/web")?.status });
  const silent = { ...NONE, silences: [{ reason: "noMatchingAdvertisement", message: "no advertisement" }] };
  await change("default/web", silent);
  await change("default/web", silent);
  expect(told()).toEqual(["web: notAnnounced no advertisement"]);
  const notAnnounced = { reason: "noMatchingAdvertisement", message: "no advertisement" };
  expect(conditions()).toEqual({ conditions: [{ type: "heraldlb.io/NotAnnounced", status: "True", ...notAnnounced }] });
  await change("default/web", { ...NONE, refusal: { reason: "noPools", message: "no pool" } });
  expect(conditions()).toMatchObject({ conditions: [{ type: "heraldlb.io/AddressRefused", reason: "noPools" }] });
  await change("default/web", NONE);
  expect(conditions()).toEqual({ conditions: [] });
  await change("default/web", silent);
  expect(told()).toHaveLength(1);
});

test("a problem of a Service that Herald does not serve is told of once it does", async () => {
  const { publisher, world, told, clock } = start();
  const id = { kind: "Service", namespace: "default", name: "web" };
  const problem = { id, origin: {}, severity: "warning", code: "unknownAnnotation", path: "", message: "no" } as const;
  world.problems = [problem];
  publisher.changed({ configuration: true });
  await clock.advance(100);
  expect(told()).toEqual([]);
  world.services.set("default/web", NONE);
  publisher.changed({ configuration: true });
  await clock.advance(100);
  expect(told()).toEqual(["web: ConfigurationWarning no"]);
});

test("what keeps a Service from being understood is told, whoever might serve it", async () => {
  const { publisher, world, told, clock } = start();
  const id = { kind: "Service", namespace: "default", name: "web" };
  world.problems = [{ id, origin: {}, severity: "error", code: "invalidField", path: "spec", message: "no" }];
  publisher.changed({ configuration: true });
  await clock.advance(100);
  expect(told()).toEqual(["web: ConfigurationError spec: no"]);
});

/** A Service with a condition of Herald's, as an API server has it. */
const troubled: StatusObject = {
  metadata: { name: "web", namespace: "default", uid: "u", resourceVersion: "1" },
  status: { conditions: [{ type: "heraldlb.io/AddressRefused", status: "True" }] },
};

test("a Service that nobody serves any more loses the conditions that earlier leaders gave it", async () => {
  const { publisher, wanted, clock, synced } = start({ begins: false });
  publisher.synced("Service", [troubled]);
  synced();
  publisher.begin();
  await clock.advance(100);
  expect(wanted.get("Service default/web")).toMatchObject({ status: { conditions: [] } });
});

test("the conditions of a Service that another Herald serves are its own", async () => {
  const { publisher, wanted, clock, synced, world, change } = start({ begins: false });
  world.others.add("default/web");
  publisher.synced("Service", [troubled]);
  synced();
  publisher.begin();
  await clock.advance(100);
  await change("default/web", undefined);
  expect(wanted.get("Service default/web")).toBeUndefined();
});
