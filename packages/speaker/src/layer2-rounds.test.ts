import { type Ip, ipFromBigInt } from "@heraldlb/net";
import { describe, expect, test } from "vitest";
import { gratuitousFrames, probeFrame } from "./announcement.ts";
import { changed, eth } from "./layer2.test.fixture.ts";
import { both, OTHER, request, round, SPEAKER, serving, start, V4, V6 } from "./layer2-bench.test.fixture.ts";

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
