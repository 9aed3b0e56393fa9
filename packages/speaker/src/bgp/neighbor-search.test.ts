import { ALL_NODES, presenceAdvertisement, routerSolicitation } from "@heraldlb/ndp";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  A,
  B,
  frameOf,
  NeighborScene,
  OWN,
  SOLICITATION,
  solicitations,
  TO_ALL,
  toOne,
} from "./neighbor.test.fixture.ts";

// Behind the Ethernet header and the IPv6 header's traffic class and flow label.
const CHECKED_FROM = 14 + 4;

describe("the router at the other end of an interface", () => {
  test("is found by its advertisement, and told at once that this side is there", async () => {
    const scene = await NeighborScene.looking();
    expect(scene.sent().toSorted()).toEqual([TO_ALL, SOLICITATION]);
    scene.advertises(A);
    expect(scene.reports).toEqual(["eth0 fe80::a"]);
    expect(scene.sent()).toEqual([toOne(A)]);
    await scene.clock.advance(7_000);
    expect(scene.sent()).toEqual([]);
  });

  test("is solicited thrice, then less and less often, but for ever (RFC 4861 §6.3.7, RFC 7559)", async () => {
    const scene = await NeighborScene.looking();
    const at: number[] = [];
    for (let second = 0; second <= 300; second++) {
      if (solicitations(scene.sent()) > 0) at.push(second);
      await scene.clock.advance(1000);
    }
    expect(at).toEqual([0, 4, 8, 12, 20, 36, 68, 128, 188, 248]);
  });

  test("may come late, and is reported once", async () => {
    const scene = await NeighborScene.looking();
    await scene.clock.advance(1_000_000);
    scene.advertises(A);
    scene.advertises(A);
    expect(scene.reports).toEqual(["eth0 fe80::a"]);
  });

  test("is told of this side whenever it advertises to all, which may be after a restart, and never else", async () => {
    const scene = await NeighborScene.looking();
    scene.advertises(A);
    await scene.clock.advance(1000);
    scene.sent();
    scene.advertises(A);
    scene.advertises(A);
    expect(scene.sent()).toEqual([toOne(A)]);
    await scene.clock.advance(1000);
    scene.advertises(A, OWN);
    expect(scene.sent()).toEqual([]);
  });

  test("is asked when it has been quiet, and is lost when it does not answer", async () => {
    const scene = await NeighborScene.looking();
    const { clock, reports } = scene;
    scene.advertises(A);
    await clock.advance(59_000);
    expect(solicitations(scene.sent())).toBe(1);
    await clock.advance(2_000);
    expect(solicitations(scene.sent())).toBe(1);
    scene.advertises(A, OWN);
    await clock.advance(59_000);
    expect(solicitations(scene.sent())).toBe(0);
    await clock.advance(9_000);
    expect(reports).toEqual(["eth0 fe80::a"]);
    await clock.advance(1_000);
    expect(reports).toEqual(["eth0 fe80::a", "eth0 undefined"]);
    expect(scene.warnings).toEqual([{ interface: "eth0", address: "fe80::a" }]);
    scene.advertises(A);
    expect(reports.at(-1)).toBe("eth0 fe80::a");
  });

  test("is another one as soon as the first has been asked in vain", async () => {
    const scene = await NeighborScene.looking();
    scene.advertises(A);
    await scene.clock.advance(5_000);
    scene.advertises(B);
    await scene.clock.advance(8_000);
    expect(scene.reports).toEqual(["eth0 fe80::a"]);
    scene.sent();
    await scene.clock.advance(1_000);
    expect(scene.reports).toEqual(["eth0 fe80::a", "eth0 fe80::b"]);
    expect(scene.sent()).toContain(toOne(B));
  });

  test("stays the same while it answers, whoever else is heard, and the log names the other one once", async () => {
    const scene = await NeighborScene.looking();
    scene.advertises(A);
    await scene.clock.advance(5_000);
    scene.sent();
    for (let round = 0; round < 30; round++) {
      scene.advertises(B);
      await scene.clock.advance(2_000);
      scene.advertises(A);
      await scene.clock.advance(8_000);
    }
    expect(scene.reports).toEqual(["eth0 fe80::a"]);
    expect(solicitations(scene.sent())).toBe(1);
    expect(scene.warnings).toEqual([{ interface: "eth0", neighbor: "fe80::a", other: "fe80::b" }]);
  });

  test("is whoever is left when one of two falls silent", async () => {
    const scene = await NeighborScene.looking();
    scene.advertises(A);
    await scene.clock.advance(5_000);
    scene.advertises(B);
    scene.advertises(A);
    for (let round = 0; round < 8; round++) {
      await scene.clock.advance(10_000);
      scene.advertises(B);
    }
    expect(scene.reports).toEqual(["eth0 fe80::a", "eth0 fe80::b"]);
  });
});

describe("other hosts of the link", () => {
  test("hear of this side again and again without asking (RFC 4861 §6.2.4)", async () => {
    const scene = await NeighborScene.looking(() => 0.999);
    await scene.clock.advance(60_000);
    const advertised = scene.sent().filter((line) => line === TO_ALL);
    expect(advertised).toHaveLength(7);
  });

  test("that solicit are answered, a little later and to all, but are no routers", async () => {
    const scene = await NeighborScene.looking(() => 0.5);
    await scene.clock.advance(5_000);
    scene.sent();
    scene.hear(routerSolicitation(B), B);
    await scene.clock.advance(249);
    expect(scene.sent()).toEqual([]);
    await scene.clock.advance(1);
    expect(scene.sent()).toEqual([TO_ALL]);
    expect(scene.reports).toEqual([]);
  });

  test("cannot make it advertise more often than every three seconds (RFC 4861 §6.2.6)", async () => {
    const scene = await NeighborScene.looking();
    let advertised = 0;
    for (let i = 0; i < 300; i++) {
      advertised += scene.sent().filter((line) => line === TO_ALL).length;
      scene.hear(routerSolicitation(B), B);
      await scene.clock.advance(100);
    }
    expect(advertised).toBe(10);
  });

  test("cannot pass for its router with a packet that is broken or cut anywhere", async () => {
    const scene = await NeighborScene.looking();
    const good = frameOf(presenceAdvertisement(A, ALL_NODES), A.mac);
    fc.assert(
      fc.property(
        fc.integer({ min: CHECKED_FROM, max: good.length - 1 }),
        fc.integer({ min: 1, max: 255 }),
        (at, change) => {
          const broken = good.slice();
          broken[at] = (broken[at] as number) ^ change;
          scene.socket.handlers.onFrames([broken, good.subarray(0, at)]);
        },
      ),
    );
    expect(scene.reports).toEqual([]);
    scene.socket.handlers.onFrames([good]);
    expect(scene.reports).toHaveLength(1);
  });

  test("cannot pass for its router with this side's own address", async () => {
    const scene = await NeighborScene.looking();
    scene.advertises({ mac: B.mac, source: OWN });
    expect(scene.reports).toEqual([]);
  });
});
