import { type ConnectRequest, type ConnectResponse, Role } from "@heraldlb/api";
import { Health } from "@heraldlb/daemon";
import type { GroupDefinition } from "@heraldlb/election";
import type { Ipv4, Mac } from "@heraldlb/net";
import { FakeClock, recordingLogger } from "@heraldlb/runtime/testing";
import { Registry } from "prom-client";
import { describe, expect, test } from "vitest";
import { registerAnnounced } from "./announced-metric.ts";
import { BgpLoader } from "./bgp-loader.ts";
import type { ControllerAddresses } from "./controller-addresses.ts";
import { Definitions } from "./definitions.ts";
import { createMetrics } from "./metrics.ts";
import { OutgoingQueue } from "./outgoing.ts";
import { OwnershipRecord } from "./ownership-record.ts";
import { Reporter } from "./report.ts";
import { Speaker } from "./speaker.ts";
import type { StateFile, StateFolder } from "./state-folder.ts";
import type { Streams } from "./streams.ts";
import { decodeDefinitions } from "./translate.ts";
import type { ToWorker } from "./worker-messages.ts";

const NO_BGP = {
  ...{ changedBgpPeers: [], removedBgpPeers: [], changedBgpRoutes: [], removedBgpRoutes: [] },
  ...{ changedBgpServices: [], removedBgpServices: [] },
};
const REPLICA = "198.51.100.1:7600";
const definition = (id: string): GroupDefinition => ({ id, addresses: [{ address: id as Ipv4, interfaces: "all" }] });
const proto = (id: string) => ({
  ...{ id, refreshMs: 0 },
  addresses: [{ address: id, allInterfaces: true, interfaces: [], services: id === A ? ["default/web"] : [] }],
});
const [A, B] = ["192.0.2.1", "192.0.2.2"] as const;

function start(definitions: Definitions = new Definitions()) {
  const clock = new FakeClock();
  const registry = new Registry();
  const told: ToWorker[] = [];
  const sent: [number, ConnectRequest["message"]][] = [];
  const closed: number[] = [];
  const dialled: number[] = [];
  const files = new Map<StateFile, () => Uint8Array | string>();
  const health = new Health();
  const log = recordingLogger();
  const streams = {
    dial: ({ dial }) => void dialled.push(dial),
    close: (dial) => void closed.push(dial),
    send: (dial, statement, at) => {
      const queue = new OutgoingQueue();
      queue.put(statement, at);
      const leaves = queue.take();
      sent.push([dial, leaves && speaker.encode(leaves, REPLICA)?.message]);
    },
    find: () => 1,
  } satisfies Pick<Streams, "dial" | "close" | "send" | "find">;
  const controllers = {
    replicas: [{ id: REPLICA, address: "198.51.100.1", port: 7600, host: "controller.example" }],
    known: { "controller.example": ["198.51.100.1"] },
    refresh: () => {},
  } satisfies Pick<ControllerAddresses, "replicas" | "known" | "refresh">;
  const metrics = createMetrics(registry);
  const reports = new Reporter({
    clock,
    bgp: () => undefined,
    send: (dial, report) => streams.send(dial, report, clock.now()),
    show: (address, isAnswered) => metrics.addresses.setAnswered(address, isAnswered),
  });
  registerAnnounced(registry, "n1", {
    answered: () => metrics.addresses.answered(),
    servicesOf: (address) => definitions.services.of(address),
    ...{ routed: () => [], prefixHeard: () => undefined },
  });
  const speaker: Speaker = new Speaker({
    ...{ clock, log, health, definitions, metrics, reports },
    ownership: new OwnershipRecord("boot1"),
    // The parts of the classes that a speaker uses.
    folder: { write: (file: StateFile, content: () => string) => void files.set(file, content) } as StateFolder,
    streams: streams as unknown as Streams,
    controllers: controllers as unknown as ControllerAddresses,
    bgp: new BgpLoader(
      () => expect.fail("no router is defined"),
      () => expect.fail("a bug"),
    ),
    tell: (message) => void told.push(message),
    now: () => clock.now(),
  });
  const receive = (message: ConnectResponse["message"], dial = 1) => speaker.received(dial, { message });
  const chunk = (revision: bigint, ids: readonly string[], holder = "c1", dial = 1) =>
    receive(
      {
        $case: "snapshotChunk",
        value: {
          revision,
          index: 0,
          last: true,
          groups: ids.map(proto),
          revisionHolder: holder,
          bgpPeers: [],
          bgpRoutes: [],
          bgpServices: [],
        },
      },
      dial,
    );
  const reply = (holder: string, term: bigint, dial = 1, role: Role = Role.LEADER) =>
    receive(
      { $case: "reply", value: { role, term, holder, firm: true, intervalMs: 100, detectionMs: 300, echo: 0n } },
      dial,
    );
  const metric = async (name: string) => (await registry.getSingleMetric(name)?.get())?.values ?? [];
  const changes = () => told.filter((message) => message.type === "define");
  return { clock, speaker, told, sent, closed, dialled, files, health, log, receive, chunk, reply, metric, changes };
}

describe("at the start", () => {
  test("the answering thread is told what is known, and the process is not ready", () => {
    const saved = new Definitions({ position: { revision: 3n, holder: "c1" }, groups: [definition(A)] });
    const { speaker, told, health } = start(saved);
    speaker.start();
    expect(told).toEqual([
      { type: "define", changed: [definition(A)], removed: [] },
      { type: "replicas", replicas: [REPLICA] },
    ]);
    expect([...health.missing.keys()]).toEqual(["definitions"]);
  });

  test("a controller that knows what is applied has nothing to send: the process is ready with its first reply", async () => {
    const saved = new Definitions({ position: { revision: 3n, holder: "c1" }, groups: [definition(A)] });
    const { speaker, health, reply } = start(saved);
    speaker.start();
    speaker.opened(1, REPLICA);
    await reply("c2", 1n);
    expect(health.missing.size).toBe(1);
    await reply("c1", 1n);
    expect(health.missing.size).toBe(0);
  });
});

describe("definitions", () => {
  test("of a snapshot are told before the orders behind it, confirmed and saved", async () => {
    const { speaker, told, sent, files, health, chunk, receive, metric } = start();
    speaker.start();
    speaker.opened(1, REPLICA);
    told.length = 0;
    await chunk(5n, [A]);
    await receive({ $case: "assign", value: { group: A, epoch: { term: 1n, counter: 1n }, echo: 0n } });
    expect(told.map(({ type }) => type)).toEqual(["define", "define", "received"]);
    expect(sent).toEqual([[1, { $case: "applied", value: { revision: 5n, errors: [] } }]]);
    expect(decodeDefinitions(files.get("desired.bin")?.() as Uint8Array)).toEqual({
      position: { revision: 5n, holder: "c1" },
      groups: [definition(A)],
      services: { ofAddresses: new Map([[A, ["default/web"]]]), routed: [] },
    });
    expect(health.missing.size).toBe(0);
    expect((await metric("herald_speaker_applied_revision"))[0]?.value).toBe(5);
  });

  test("of a large snapshot are told in slices", async () => {
    const { speaker, clock, changes, chunk } = start();
    speaker.opened(1, REPLICA);
    const ids = Array.from({ length: 1_200 }, (_, i) => `10.0.${i >> 8}.${i & 255}`);
    const applied = chunk(1n, ids);
    for (let i = 0; i < 5; i++) await clock.advance(1);
    await applied;
    expect(changes().map(({ changed }) => changed.length)).toEqual([0, 500, 500, 200]);
  });

  test("that are not understood are reported, each by itself", async () => {
    const { speaker, sent, chunk } = start();
    speaker.opened(1, REPLICA);
    await chunk(5n, [A, "no address"]);
    expect(sent[0]?.[1]).toMatchObject({ value: { revision: 5n, errors: [{ group: "no address" }] } });
  });

  test("of a delta that does not follow end the stream, and all are asked for anew", async () => {
    const { speaker, chunk, receive, sent } = start();
    speaker.opened(1, REPLICA);
    await chunk(5n, [A]);
    const delta = { baseRevision: 6n, revision: 7n, changed: [proto(B)], removed: [], ...NO_BGP };
    await expect(receive({ $case: "delta", value: delta })).rejects.toThrow("does not follow");
    const hello = { type: "hello", node: "n1", instance: "i", bootId: "b", startedAt: 1, stamp: 1 } as const;
    const rest = { maxTerm: 0, termHolder: "", holdingsRev: 0, holdings: [], links: [] };
    speaker.handle({ type: "send", dial: 2, at: 0, message: { ...hello, ...rest } });
    expect(sent.at(-1)?.[1]).toMatchObject({ value: { appliedRevision: 0n, revisionHolder: "" } });
  });

  test("of a leader that has a successor are of the past", async () => {
    const { speaker, chunk, reply, receive, changes } = start();
    speaker.opened(1, REPLICA);
    speaker.opened(2, "198.51.100.2:7600");
    await chunk(5n, [A], "c1", 1);
    await chunk(2n, [B], "c2", 2);
    await reply("c1", 1n, 1);
    await reply("c2", 2n, 2);
    const before = changes().length;
    await chunk(6n, [A], "c1", 1);
    await receive(
      { $case: "delta", value: { baseRevision: 5n, revision: 7n, changed: [proto(A)], removed: [B], ...NO_BGP } },
      1,
    );
    expect(changes()).toHaveLength(before);
  });

  test("of a delta that follows on another's snapshot are not applied to this one's", async () => {
    const { speaker, chunk, receive, changes } = start();
    speaker.opened(1, REPLICA);
    speaker.opened(2, "198.51.100.2:7600");
    await chunk(5n, [A], "c1", 1);
    await chunk(9n, [B], "c2", 2);
    const before = changes().length;
    await receive(
      { $case: "delta", value: { baseRevision: 5n, revision: 10n, changed: [], removed: [B], ...NO_BGP } },
      1,
    );
    expect(changes()).toHaveLength(before);
  });
});

describe("what the answering thread says", () => {
  const heartbeat = { type: "heartbeat", stamp: 1, maxTerm: 0, termHolder: "", holdingsRev: 0, workerAge: 0 } as const;

  test("a heartbeat carries the time that it waited, and is not sent when it waited too long", async () => {
    const { speaker, sent, clock } = start();
    speaker.opened(1, REPLICA);
    await clock.advance(1_000);
    speaker.handle({ type: "send", dial: 1, message: heartbeat, at: 900 });
    speaker.handle({ type: "send", dial: 1, message: heartbeat, at: 700 });
    expect(sent[1]?.[1]).toBeUndefined();
    expect(sent[0]?.[1]).toMatchObject({ $case: "heartbeat", value: { workerAgeMs: 100 } });
  });

  test("dials and closes are carried out", () => {
    const { speaker, dialled, closed } = start();
    speaker.handle({ type: "dial", dial: 3, replica: REPLICA, delayMs: 0, jitter: 0 });
    speaker.handle({ type: "close", dial: 3 });
    expect([dialled, closed]).toEqual([[3], [3]]);
  });

  test("what is answered shows as announced, until it is not, even if the definition went first", async () => {
    const { speaker, chunk, metric } = start();
    speaker.opened(1, REPLICA);
    await chunk(1n, [A]);
    speaker.handle({ type: "answer", group: A, mode: "all" });
    expect(await metric("metallb_speaker_announced")).toMatchObject([
      { labels: { service: "default/web", protocol: "layer2", node: "n1", ip: A }, value: 1 },
    ]);
    await chunk(2n, []);
    speaker.handle({ type: "answer", group: A, mode: "none" });
    expect(await metric("metallb_speaker_announced")).toEqual([]);
  });

  test("what is held is saved", () => {
    const { speaker, files } = start();
    const saved = [{ ...definition(A), epoch: { term: 1, counter: 2 } }];
    speaker.handle({ type: "persist", maxTerm: 1, termHolder: "c1", saved, forgotten: [] });
    expect(JSON.parse(`${files.get("ownership.json")?.()}`)).toMatchObject({ max_term: 1, groups: saved });
  });

  test("an order for an unknown group is that item's error", () => {
    const { speaker, sent } = start();
    speaker.opened(1, REPLICA);
    speaker.handle({ type: "orderErrors", replica: REPLICA, errors: [{ group: B, reason: "unknownGroup" }] });
    expect(sent[0]?.[1]).toMatchObject({ $case: "applied", value: { errors: [{ group: B }] } });
  });

  test("its log lines are logged, its counts counted, its end is the process's", async () => {
    const { speaker, log, metric } = start();
    speaker.handle({ type: "log", level: "warn", message: "m", fields: { a: 1 } });
    expect(log.entries).toEqual([{ level: "warn", message: "m", fields: { a: 1 } }]);
    const fields = { group: A, from: "none", to: "owner", reason: "assigned" };
    speaker.handle({ type: "log", level: "info", message: "ownership changed", fields });
    expect(await metric("herald_speaker_state_changes_total")).toMatchObject([
      { labels: { state: "owner", reason: "assigned" }, value: 1 },
    ]);
    speaker.handle({
      type: "statistics",
      statistics: {
        ...{ authority: 2, maxTerm: 3, holdings: { verify: 0, owner: 2, leaving: 0, yielded: 1 }, discarded: 4 },
        verdicts: new Map([["answered", 4]]),
        dropped: new Map([["eth0", 7]]),
        latenessMs: 12,
      },
    });
    for (let i = 0; i < 2; i++) {
      const counts = [{ address: A as Ipv4, requests: 5, responses: 4, gratuitous: 10 }];
      speaker.handle({ type: "counts", counts });
    }
    expect((await metric("metallb_layer2_requests_received"))[0]).toMatchObject({ labels: { ip: A }, value: 10 });
    expect((await metric("metallb_layer2_responses_sent"))[0]?.value).toBe(8);
    expect((await metric("metallb_layer2_gratuitous_sent"))[0]?.value).toBe(20);
    expect((await metric("herald_speaker_holdings")).map(({ value }) => value)).toEqual([0, 2, 0, 1]);
    expect((await metric("herald_speaker_worker_lateness_seconds"))[0]?.value).toBe(0.012);
    speaker.handle({ type: "exit", code: 1, reason: "replaced" });
    await expect(speaker.exit).resolves.toMatchObject({ code: 1 });
  });
});

describe("what is on the wire", () => {
  const reported = (sent: readonly [number, ConnectRequest["message"]][]) =>
    sent.flatMap(([dial, message]) => (message?.$case === "report" ? [{ dial, ...message.value }] : []));
  const eth0 = { name: "eth0", ifindex: 1, present: true, up: true, carrier: true, arp: true, ndp: true } as const;
  const links = [{ ...eth0, mac: "02:00:00:00:00:01" as Mac }];

  test("is told to every controller, standby or leader, once it has replied, and then what changes", async () => {
    const { speaker, sent, clock, chunk, reply } = start();
    speaker.handle({ type: "links", links });
    speaker.opened(1, REPLICA);
    speaker.opened(2, REPLICA);
    await chunk(1n, [A, B]);
    speaker.handle({ type: "answer", group: A, mode: "all" });
    expect(reported(sent)).toEqual([]);
    await reply("c1", 1n);
    await reply("c1", 1n);
    await reply("c2", 1n, 2, Role.STANDBY);
    expect(reported(sent)).toMatchObject([
      { dial: 1, groups: [{ group: A, interfaces: ["eth0"] }], complete: true },
      { dial: 1, groups: [], complete: false },
      { dial: 2, groups: [{ group: A, interfaces: ["eth0"] }], complete: true },
      { dial: 2, groups: [], complete: false },
    ]);
    speaker.handle({ type: "answer", group: A, mode: "none" });
    speaker.closed(2, false);
    await clock.advance(50);
    expect(reported(sent).slice(4)).toMatchObject([{ dial: 1, groups: [{ group: A, interfaces: [] }] }]);
  });

  test("changes with the definition of what is answered for", async () => {
    const { speaker, sent, clock, chunk, reply } = start();
    speaker.handle({ type: "links", links });
    speaker.opened(1, REPLICA);
    await reply("c1", 1n);
    await chunk(1n, [A]);
    speaker.handle({ type: "answer", group: A, mode: "all" });
    await clock.advance(50);
    const changed = [
      { id: A, addresses: [{ address: A, allInterfaces: false, interfaces: ["eth1"], services: [] }], refreshMs: 0 },
    ];
    await speaker.received(1, {
      message: { $case: "delta", value: { ...NO_BGP, baseRevision: 1n, revision: 2n, changed, removed: [] } },
    });
    await clock.advance(50);
    expect(reported(sent).at(-1)).toMatchObject({ groups: [{ group: A, interfaces: [] }] });
  });
});

test("new addresses of controllers are told and saved", () => {
  const { speaker, told, files } = start();
  speaker.replicasChanged();
  expect(told).toEqual([{ type: "replicas", replicas: [REPLICA] }]);
  expect(files.get("controllers.json")?.()).toContain("198.51.100.1");
});

test("an open stream shows as such until it is closed by either end", async () => {
  const { speaker, metric } = start();
  const value = async () => (await metric("herald_speaker_stream_open"))[0]?.value;
  speaker.opened(1, REPLICA);
  expect(await value()).toBe(1);
  speaker.closed(1, false);
  expect(await value()).toBe(0);
  speaker.opened(2, REPLICA);
  speaker.handle({ type: "close", dial: 2 });
  expect(await value()).toBe(0);
});
