import { arpProbe, encodeArp, gratuitousReply } from "@heraldlb/arp";
import { ETHER_TYPE, encodeEthernet } from "@heraldlb/ethernet";
import { BROADCAST_MAC, type Ipv6 } from "@heraldlb/net";
import { describe, expect, test } from "vitest";
import { changed, eth } from "./layer2.test.fixture.ts";
import { both, OTHER, request, round, serving, start, V4 } from "./layer2-bench.test.fixture.ts";

const V6_GROUP = "ff02::1:ff01:1";

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
