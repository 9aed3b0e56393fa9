import { arpProbe, arpRequest, encodeArp, gratuitousReply } from "@heraldlb/arp";
import type { GroupDefinition } from "@heraldlb/election";
import { ETHER_TYPE, encodeEthernet } from "@heraldlb/ethernet";
import { BROADCAST_MAC, type Ip, type Ipv4, type Ipv6, ipFromBigInt, type Mac } from "@heraldlb/net";
import { FakeClock, recordingLogger } from "@heraldlb/runtime/testing";
import { describe, expect, test } from "vitest";
import { gratuitousFrames, probeFrame } from "./announcement.ts";
import { changed, eth, fakeNetwork, MAC } from "./layer2.test.fixture.ts";
import { Layer2 } from "./layer2.ts";

const OTHER = "02:00:00:00:00:99" as Mac;
const V4 = "192.0.2.1" as Ipv4;
const V6 = "2001:db8::1:1" as Ipv6;
const V6_GROUP = "ff02::1:ff01:1";
const SPEAKER = { mac: MAC, linkLocal: "fe80::2" as Ipv6 };
const EPOCH = { term: 1, counter: 1 };
const both: GroupDefinition = {
  id: V4,
  addresses: [
    { address: V4, interfaces: "all" },
    { address: V6, interfaces: ["eth0"] },
  ],
};
const round = { group: V4, epoch: EPOCH, interfaces: "all", confirm: true } as const;
const request = encodeEthernet({
  destination: BROADCAST_MAC,
  source: OTHER,
  etherType: ETHER_TYPE.arp,
  payload: encodeArp(arpRequest({ mac: OTHER, ip: "192.0.2.9" as Ipv4 }, V4)),
});

function start() {
  const clock = new FakeClock();
  const log = recordingLogger();
  const network = fakeNetwork();
  const told: string[] = [];
  const gate = { admit: true };
  const layer2 = new Layer2(
    {
      ...{ clock, log, backend: "packet", rules: { allowed: /./, excluded: /^lo$/ } },
      openSocket: network.openSocket,
      openGroups: network.openGroups,
      admit: () => gate.admit,
    },
    {
      links: (links) => told.push(`links ${links.map(({ name, carrier, ndp }) => `${name} ${carrier} ${ndp}`)}`),
      networkUp: () => told.push("network up"),
      heard: (kind, address, mac, name) => told.push(`${kind} ${address} ${mac} ${name}`),
      announced: (group, { term, counter }) => told.push(`announced ${group} ${term}.${counter}`),
      notSent: (group, { term, counter }) => told.push(`not sent ${group} ${term}.${counter}`),
    },
  );
  /** Interfaces that are there from the start, with open sockets. */
  async function up(...links: ReturnType<typeof eth>[]) {
    for (const link of links) layer2.interfaceEvent(changed(link));
    layer2.interfaceEvent({ type: "synced" });
    await clock.advance(0);
    told.length = 0;
  }
  const hear = (frame: Uint8Array, socket = 0) => network.sockets[socket]?.handlers.onFrames([frame]);
  return { clock, log, network, told, gate, layer2, up, hear };
}

/** Answers for both addresses on eth0. */
async function serving() {
  const started = start();
  await started.up(eth());
  started.layer2.define(both);
  started.layer2.answer(V4, "all");
  return started;
}

describe("interfaces", () => {
  test("are told once the kernel has listed them, and can carry frames only once their socket is open", async () => {
    const { layer2, told, clock } = start();
    layer2.interfaceEvent(changed(eth()));
    expect(told).toEqual([]);
    layer2.interfaceEvent({ type: "synced" });
    await clock.advance(0);
    expect(told).toEqual(["links eth0 false true", "links eth0 true true"]);
  });

  test("that are not allowed are neither opened nor told, but their carrier is news", async () => {
    const { layer2, told, network, clock } = start();
    layer2.interfaceEvent({ type: "synced" });
    layer2.interfaceEvent(changed(eth({ name: "lo" })));
    await clock.advance(0);
    expect(told).toEqual(["network up"]);
    expect(network.sockets).toEqual([]);
  });

  test("that are ports of a bridge are told as unable, and not opened", async () => {
    const { layer2, told, network, clock } = start();
    layer2.interfaceEvent(changed(eth({ master: 9 })));
    layer2.interfaceEvent({ type: "synced" });
    await clock.advance(0);
    expect(told).toEqual(["links eth0 true false"]);
    expect(network.sockets).toEqual([]);
  });

  test("keep their socket while they are down, and are heard again when they are up", async () => {
    const { layer2, network, told, hear } = await serving();
    layer2.interfaceEvent(changed(eth({ up: false, carrier: false }), eth()));
    layer2.interfaceEvent(changed(eth(), eth({ up: false, carrier: false })));
    expect(told).toEqual(["links eth0 false true", "network up", "links eth0 true true"]);
    expect(network.sockets).toHaveLength(1);
    hear(request);
    expect(network.sockets[0]?.sent).toHaveLength(1);
  });

  test("that are deleted and made anew get another socket, and the groups of what is held", async () => {
    const { layer2, network, clock, hear } = await serving();
    layer2.hold(V4);
    layer2.interfaceEvent({ type: "removed", interface: eth() });
    network.indexes.set("eth0", 7);
    layer2.interfaceEvent(changed(eth({ index: 7 })));
    await clock.advance(1);
    expect(network.sockets.map(({ closed }) => closed)).toEqual([true, false]);
    expect(network.groups).toEqual([`join 2 ${V6_GROUP}`, "close 2", `join 7 ${V6_GROUP}`]);
    hear(request, 1);
    expect(network.sockets[1]?.sent).toHaveLength(1);
  });

  test("answer with another MAC address as soon as they have one", async () => {
    const { layer2, network, hear } = await serving();
    layer2.interfaceEvent(changed(eth({ mac: OTHER }), eth()));
    hear(request);
    expect(network.sockets[0]?.sent[0]?.subarray(6, 12)).toEqual(Uint8Array.of(2, 0, 0, 0, 0, 0x99));
  });

  test("get a filter for what they can carry by now", async () => {
    const { layer2, network, up } = start();
    await up(eth({ addresses: [] }));
    expect(network.sockets[0]?.options.filter.expression).toBe("arp");
    layer2.interfaceEvent(changed(eth(), eth({ addresses: [] })));
    expect(network.sockets[0]?.filters[0]).toContain("icmp6");
  });

  test("whose socket cannot be opened are tried again, and complained about once", async () => {
    const { layer2, network, told, clock, log } = start();
    network.trouble.open = new Error("not permitted");
    layer2.interfaceEvent(changed(eth()));
    layer2.interfaceEvent({ type: "synced" });
    await clock.advance(2_500);
    expect(log.entries.map(({ message }) => message)).toEqual(["interface cannot be opened"]);
    network.trouble.open = undefined;
    await clock.advance(1_000);
    expect(told.at(-1)).toBe("links eth0 true true");
  });
});

describe("answers", () => {
  test("follow the mode from one frame to the next", async () => {
    const { layer2, network, hear } = await serving();
    hear(request);
    layer2.answer(V4, "none");
    hear(request);
    expect(network.sockets[0]?.sent).toHaveLength(1);
    expect([...layer2.takeVerdicts()]).toEqual([
      ["answered", 1],
      ["not-announced", 1],
    ]);
    expect(layer2.takeVerdicts().size).toBe(0);
  });

  test("are not given to frames that are to be dropped", async () => {
    const { network, hear, gate } = await serving();
    gate.admit = false;
    hear(request);
    expect(network.sockets[0]?.sent).toEqual([]);
  });

  const othersFrames = [gratuitousReply(OTHER, V4), arpProbe(OTHER, V4)].map((packet) =>
    encodeEthernet({
      ...{ destination: BROADCAST_MAC, source: OTHER, etherType: ETHER_TYPE.arp },
      payload: encodeArp(packet),
    }),
  );

  test("by others and their probes are told, with the interface", async () => {
    const { layer2, hear, told } = await serving();
    layer2.hold(V4);
    for (const frame of othersFrames) hear(frame);
    expect(told).toEqual([`claim ${V4} ${OTHER} eth0`, `probe ${V4} ${OTHER} eth0`]);
  });

  test("by others are not told where this node neither answers nor could", async () => {
    const { hear, told } = await serving();
    for (const frame of othersFrames) hear(frame);
    expect(told).toEqual([]);
  });
});

describe("a gratuitous round", () => {
  test("has both ARP forms and an unsolicited advertisement, and is confirmed when it is out", async () => {
    const { layer2, network, told } = await serving();
    layer2.announce(round);
    expect(network.sockets[0]?.sent).toEqual([...gratuitousFrames(SPEAKER, V4), ...gratuitousFrames(SPEAKER, V6)]);
    expect(told).toEqual([`announced ${V4} 1.1`]);
    expect(layer2.takeCounts().map(({ address, gratuitous }) => [address, gratuitous])).toEqual([
      [V4, 2],
      [V6, 1],
    ]);
  });

  test("goes out where the definition and the order allow it", async () => {
    const { layer2, network, up } = start();
    await up(eth(), eth({ index: 3, name: "eth1" }));
    layer2.define(both);
    layer2.answer(V4, "all");
    layer2.announce(round);
    expect(network.sockets.map(({ sent }) => sent.length)).toEqual([3, 2]);
    layer2.announce({ ...round, interfaces: ["eth1"] });
    expect(network.sockets.map(({ sent }) => sent.length)).toEqual([3, 4]);
  });

  test("is not confirmed while no interface can carry it", async () => {
    const { layer2, told } = await serving();
    layer2.interfaceEvent(changed(eth({ up: false, carrier: false }), eth()));
    told.length = 0;
    layer2.announce(round);
    expect(told).toEqual([]);
  });

  test("that the kernel refuses is told as not sent", async () => {
    const { layer2, network, told } = await serving();
    network.trouble.send = true;
    layer2.announce(round);
    layer2.announce({ ...round, confirm: false });
    expect(told).toEqual([`not sent ${V4} 1.1`]);
  });

  test("of thousands of groups has the first form of each before the second of most", async () => {
    const { layer2, network, clock, told, up } = start();
    await up(eth());
    const groups = Array.from({ length: 2_000 }, (_, i) => ipFromBigInt("ipv4", 0x0a00_0000n + BigInt(i)) as Ip);
    for (const address of groups) {
      layer2.define({ id: address, addresses: [{ address, interfaces: "all" }] });
      layer2.answer(address, "all");
      layer2.announce({ ...round, group: address });
    }
    await clock.advance(300);
    const sent = network.sockets[0]?.sent ?? [];
    const isSecond = (frame: Uint8Array) => frame[21] === 2;
    expect(told).toHaveLength(2_000);
    expect(sent.slice(0, 2_050).filter(isSecond).length).toBeLessThan(64);
    await clock.advance(300);
    expect(sent).toEqual(
      expect.arrayContaining(groups.slice(0, 50).flatMap((group) => gratuitousFrames(SPEAKER, group))),
    );
    expect(sent).toHaveLength(4_000);
  });

  test("of 5,000 groups is out, and confirmed, within a second, while requests are answered in between", async () => {
    const { layer2, network, clock, told, up, hear } = start();
    await up(eth());
    const groups = Array.from({ length: 5_000 }, (_, i) => ipFromBigInt("ipv4", 0x0a00_0000n + BigInt(i)) as Ip);
    for (const address of groups) {
      layer2.define({ id: address, addresses: [{ address, interfaces: "all" }] });
      layer2.answer(address, "all");
    }
    layer2.define(both);
    layer2.answer(V4, "all");
    for (const group of groups) layer2.announce({ ...round, group });
    hear(request);
    expect(network.sockets[0]?.sent.length).toBeLessThanOrEqual(201);
    await clock.advance(1_000);
    expect(network.sockets[0]?.sent).toHaveLength(10_001);
    expect(told).toHaveLength(5_000);
  });

  test("that still waits is dropped with its group's ownership", async () => {
    const { layer2, network, clock, told } = await serving();
    const many = Array.from({ length: 300 }, (_, i) => ipFromBigInt("ipv4", 0x0a00_0000n + BigInt(i)) as Ip);
    layer2.define({ id: "many", addresses: many.map((address) => ({ address, interfaces: "all" })) });
    layer2.answer("many", "all");
    layer2.announce({ ...round, group: "many" });
    layer2.announce(round);
    layer2.answer(V4, "requests");
    await clock.advance(1_000);
    expect(network.sockets[0]?.sent).toHaveLength(600);
    expect(told).toEqual(["announced many 1.1"]);
  });
});

test("a probe goes out at once for each address, to all or to one host", async () => {
  const { layer2, network } = await serving();
  layer2.probe({ group: V4, interfaces: "all" });
  layer2.probe({ group: V4, interfaces: "all", to: OTHER });
  layer2.probe({ group: V4, interfaces: ["eth1"] });
  const frames = [undefined, OTHER].flatMap((to) => [probeFrame(SPEAKER, V4, to), probeFrame(SPEAKER, V6, to)]);
  expect(network.sockets[0]?.sent).toEqual(frames);
});

describe("solicitations", () => {
  test("are listened for as long as a group is held", async () => {
    const { layer2, network } = await serving();
    layer2.hold(V4);
    layer2.hold(V4);
    layer2.release(V4);
    layer2.release(V4);
    expect(network.groups).toEqual([`join 2 ${V6_GROUP}`, `leave 2 ${V6_GROUP}`]);
  });

  test("follow a change of the definition", async () => {
    const { layer2, network } = await serving();
    layer2.hold(V4);
    layer2.define({ id: V4, addresses: [{ address: "2001:db8::2" as Ipv6, interfaces: "all" }] });
    expect(network.groups).toEqual([`join 2 ${V6_GROUP}`, `leave 2 ${V6_GROUP}`, "join 2 ff02::1:ff00:2"]);
    layer2.undefine(V4);
    expect(network.groups.at(-1)).toBe("leave 2 ff02::1:ff00:2");
  });

  test("are listened for on an interface that gets its link-local address later", async () => {
    const { layer2, network, up, clock } = start();
    await up(eth({ addresses: [] }));
    layer2.define(both);
    layer2.hold(V4);
    expect(network.groups).toEqual([]);
    layer2.interfaceEvent(changed(eth(), eth({ addresses: [] })));
    await clock.advance(1);
    expect(network.groups).toEqual([`join 2 ${V6_GROUP}`]);
  });
});

test("after the end every socket is closed and nothing is sent", async () => {
  const { layer2, network, hear } = await serving();
  await layer2.close();
  hear(request);
  layer2.announce(round);
  expect(network.sockets[0]?.closed).toBe(true);
  expect(network.sockets[0]?.sent).toEqual([]);
});
