import { LinkError } from "@heraldlb/link";
import type { Ipv6 } from "@heraldlb/net";
import { describe, expect, test } from "vitest";
import { eth, type FakeSocket } from "../layer2.test.fixture.ts";
import { A, B, NeighborScene, SOLICITATION, TO_ALL } from "./neighbor.test.fixture.ts";

const DOWN = eth({ up: false, carrier: false });

describe("an interface", () => {
  test.each([
    ["does not exist", [], "no such interface"],
    ["is down", [DOWN], "interface is down"],
    ["has no carrier", [eth({ carrier: false })], "interface has no carrier"],
    ["has no MAC address", [eth({ mac: undefined })], "interface has no MAC address"],
    ["has no link-local address", [eth({ addresses: [] })], "interface has no link-local address"],
  ])("that %s is waited for, and the log says so once", async (_what, links, reason) => {
    const scene = new NeighborScene(links);
    scene.discovery.apply(["eth0"]);
    await scene.become(...links);
    expect(scene.network.sockets).toEqual([]);
    expect(scene.warnings).toEqual([{ interface: "eth0", reason }]);
    await scene.become(eth());
    await scene.clock.advance(0);
    expect(scene.sent()).toContain(TO_ALL);
  });

  test("that goes down and up is begun with anew, and its neighbor stays", async () => {
    const scene = await NeighborScene.looking();
    scene.advertises(A);
    await scene.clock.advance(10_000);
    const before = scene.socket;
    await scene.become(DOWN);
    expect(before.closed).toBe(true);
    await scene.clock.advance(10_000);
    expect(scene.network.sockets).toHaveLength(1);
    await scene.become(eth());
    await scene.clock.advance(0);
    expect(scene.sent().toSorted()).toEqual([TO_ALL, SOLICITATION]);
    scene.advertises(A);
    await scene.clock.advance(50_000);
    expect(scene.reports).toEqual(["eth0 fe80::a"]);
  });

  test("that comes up at another router has another neighbor when the first one does not answer", async () => {
    const scene = await NeighborScene.looking();
    scene.advertises(A);
    await scene.become(DOWN);
    await scene.become(eth());
    scene.advertises(B);
    await scene.clock.advance(20_000);
    expect(scene.reports).toEqual(["eth0 fe80::a", "eth0 fe80::b"]);
  });

  test("that stays down loses its neighbor in the end", async () => {
    const scene = await NeighborScene.looking();
    scene.advertises(A);
    await scene.become(DOWN);
    await scene.clock.advance(59_000);
    expect(scene.reports).toEqual(["eth0 fe80::a"]);
    await scene.clock.advance(1_000);
    expect(scene.reports).toEqual(["eth0 fe80::a", "eth0 undefined"]);
  });

  test("that flaps is advertised on every three seconds at the most, and solicited on every four", async () => {
    const scene = await NeighborScene.looking();
    for (let i = 0; i < 24; i++) {
      await scene.clock.advance(500);
      await scene.become(DOWN);
      await scene.become(eth());
    }
    const types = scene.network.sockets.flatMap(({ sent }) => sent.map((bytes) => bytes[54]));
    expect(types.filter((type) => type === 134)).toHaveLength(5);
    expect(types.filter((type) => type === 133)).toHaveLength(4);
  });

  test("that is deleted and made again is another one", async () => {
    const scene = await NeighborScene.looking();
    const { network } = scene;
    const again = eth({ index: 3, name: "eth0" });
    // The name still means the old one.
    await scene.become(again);
    expect(network.sockets.map(({ closed }) => closed)).toEqual([true, true]);
    network.indexes.set("eth0", 3);
    await scene.become();
    await scene.become(again);
    expect(scene.socket.closed).toBe(false);
    expect(network.groups).toContain("join 3 ff02::2");
    expect(network.groups).toContain("close 2");
  });

  test("is left alone by changes of other things than its own addresses", async () => {
    const scene = await NeighborScene.looking();
    const global = { address: "2001:db8::1" as Ipv6, prefixLength: 64, linkLocal: false, tentative: false };
    await scene.become(eth({ addresses: [...eth().addresses, global] }), eth({ index: 3, name: "eth1" }));
    await scene.clock.advance(1_000_000);
    expect(scene.network.sockets).toHaveLength(1);
  });

  test("that cannot be opened is tried again, and the log says so once", async () => {
    const scene = new NeighborScene();
    scene.network.trouble.open = new LinkError("permission", "not allowed");
    scene.discovery.apply(["eth0"]);
    await scene.clock.advance(60_000);
    expect(scene.warnings).toMatchObject([{ reason: "not allowed" }]);
    scene.network.trouble.open = undefined;
    await scene.clock.advance(5_000);
    expect(scene.sent()).toContain(TO_ALL);
  });

  test("that cannot be opened is given up at the end", async () => {
    const scene = new NeighborScene();
    scene.network.trouble.open = new LinkError("permission", "not allowed");
    scene.discovery.apply(["eth0"]);
    await scene.clock.advance(0);
    scene.discovery.close();
    expect(scene.clock.pending).toBe(0);
  });
});

describe("of several interfaces", () => {
  const [ETH0, ETH1] = [eth(), eth({ index: 3, name: "eth1" })];

  test("only those that peers name are used, each with a neighbor of its own", async () => {
    const scene = new NeighborScene([ETH0, ETH1, eth({ index: 4, name: "eth2" })]);
    const { sockets } = scene.network;
    scene.discovery.apply(["eth0", "eth1", "eth0"]);
    await scene.clock.advance(0);
    expect(sockets.map(({ options }) => options.interface)).toEqual(["eth0", "eth1"]);
    scene.advertises(B, undefined, sockets[1]);
    scene.advertises(A, undefined, sockets[0]);
    expect(scene.reports).toEqual(["eth1 fe80::b", "eth0 fe80::a"]);
  });

  test("one that no peer names any more is left, and the others go on", async () => {
    const scene = new NeighborScene([ETH0, ETH1]);
    scene.discovery.apply(["eth0", "eth1"]);
    await scene.clock.advance(0);
    const [first, second] = scene.network.sockets as [FakeSocket, FakeSocket];
    scene.discovery.apply(["eth1"]);
    expect([first.closed, second.closed]).toEqual([true, false]);
    scene.advertises(A, undefined, first);
    scene.advertises(B, undefined, second);
    expect(scene.reports).toEqual(["eth1 fe80::b"]);
  });

  test("none is used after the end, and nothing is left to happen", async () => {
    const scene = new NeighborScene([ETH0, ETH1]);
    const { clock, network, discovery } = scene;
    discovery.apply(["eth0", "eth1"]);
    await clock.advance(0);
    scene.advertises(B);
    discovery.close();
    await clock.advance(1000);
    expect(network.sockets.every(({ closed }) => closed)).toBe(true);
    expect(network.groups).toEqual(expect.arrayContaining(["close 2", "close 3"]));
    expect(clock.pending).toBe(0);
  });

  test("one that is being opened at the end is closed as soon as it is open", async () => {
    const scene = new NeighborScene();
    scene.discovery.apply(["eth0"]);
    scene.discovery.close();
    await scene.clock.advance(0);
    expect(scene.network.sockets.map(({ closed }) => closed)).toEqual([true]);
    expect(scene.clock.pending).toBe(0);
  });
});
