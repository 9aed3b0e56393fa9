import type { FrameBackend } from "@heraldlb/link";
import type { Mac } from "@heraldlb/net";
import { systemClock } from "@heraldlb/runtime";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import {
  advertisementFrame,
  arpFrame,
  ipv4Frame,
  routedSolicitationFrame,
  routerAdvertisementFrame,
  solicitationFrame,
  taggedArpFrame,
} from "./frames.ts";
import { type Host, startHost, until } from "./host.ts";
import { connect, describe as describeInterface, INTERFACE, ip, layWire, type Wire } from "./namespaces.ts";

const BACKENDS = [
  { backend: "packet", rounds: 1_000 },
  { backend: "pcap", rounds: 50 },
] as const satisfies { backend: FrameBackend; rounds: number }[];

describe.each(BACKENDS)("a frame socket on $backend", ({ backend, rounds }) => {
  let wire: Wire;
  let near: Host;
  let far: Host;

  beforeEach(async () => {
    wire = layWire();
    near = startHost(wire.near);
    far = startHost(wire.far);
    await Promise.all([near.call("ping"), far.call("open", "far", INTERFACE, "packet", "both")]);
  });

  afterEach(async () => {
    await Promise.all([near?.[Symbol.asyncDispose](), far?.[Symbol.asyncDispose]()]);
    wire?.[Symbol.dispose]();
  });

  const heard = () => near.told.filter(({ event }) => event === "frames").flatMap(({ frames = [] }) => frames);
  const errors = () => near.told.filter(({ event }) => event === "error").map(({ code }) => code);

  /** Sends until the near end hears: an interface that has just come up takes its time. */
  const hearAgain = (frame: string) =>
    until(`${frame} is heard`, async () => {
      await far.call("send", "far", [frame]);
      await systemClock.sleep(40);
      return heard().includes(frame);
    });

  test("hears what the other end sends, in order and byte for byte, from the first frame on", async () => {
    await near.call("open", "near", INTERFACE, backend, "arp");
    const frames = Array.from({ length: 100 }, (_, n) => arpFrame(n));
    expect(await far.call("send", "far", frames)).toBe(100);
    await until("all are heard", () => heard().length >= 100);
    expect(heard()).toEqual(frames);
  });

  test("is heard by the other end, byte for byte", async () => {
    await near.call("open", "near", INTERFACE, backend, "both");
    const frames = [arpFrame(1), solicitationFrame(), advertisementFrame(), arpFrame(2)];
    expect(await near.call("send", "near", frames)).toBe(4);
    const arrived = () => far.told.filter(({ event }) => event === "frames").flatMap(({ frames = [] }) => frames);
    await until("all have arrived", () => frames.every((frame) => arrived().includes(frame)));
  });

  test("hears nothing but what its filter says, also after the filter was changed", async () => {
    const all = [
      ipv4Frame(),
      routerAdvertisementFrame(),
      routedSolicitationFrame(),
      solicitationFrame(),
      advertisementFrame(),
    ];
    await near.call("open", "near", INTERFACE, backend, "arp");
    await far.call("send", "far", [...all, arpFrame(1)]);
    await until("the request is heard", () => heard().includes(arpFrame(1)));
    expect(heard()).toEqual([arpFrame(1)]);

    await near.call("setFilter", "near", "ndp");
    await far.call("send", "far", [arpFrame(2), ...all]);
    await until("the advertisement is heard", () => heard().includes(advertisementFrame()));
    const fromUs = heard()
      .slice(1)
      .filter((frame) => [arpFrame(2), ...all].includes(frame));
    expect(fromUs).toEqual([solicitationFrame(), advertisementFrame()]);

    await near.call("setFilter", "near", "both");
    await far.call("send", "far", [ipv4Frame(), arpFrame(3), solicitationFrame()]);
    await until("both are heard", () => heard().filter((frame) => frame === solicitationFrame()).length === 2);
    await until("both are heard", () => heard().includes(arpFrame(3)));
    expect(heard()).not.toContain(ipv4Frame());
  });

  test("hears neither its own host nor frames for others nor tagged ones, but what is sent to its MAC", async () => {
    const { mac } = describeInterface(wire.near);
    await near.call("open", "near", INTERFACE, backend, "arp");
    // The kernel's own request leaves by the same interface.
    ip("-n", wire.near, "address", "add", "192.0.2.1/24", "dev", INTERFACE);
    ip(
      "netns",
      "exec",
      wire.near,
      "ip",
      "neighbor",
      "add",
      "192.0.2.2",
      "dev",
      INTERFACE,
      "nud",
      "probe",
      "lladdr",
      "02:00:00:00:00:02",
    );
    await near.call("send", "near", [arpFrame(1)]);
    await far.call("send", "far", [
      arpFrame(2, "02:00:00:00:00:77" as Mac),
      taggedArpFrame(3),
      arpFrame(4, mac as Mac),
    ]);
    await until("the frame to its MAC is heard", () => heard().includes(arpFrame(4, mac as Mac)));
    expect(heard()).toEqual([arpFrame(4, mac as Mac)]);
  });

  test("says when the interface goes down, sends nothing then, and hears again when it is up", async () => {
    await near.call("open", "near", INTERFACE, backend, "arp");
    for (const round of [1, 2, 3]) {
      ip("-n", wire.near, "link", "set", INTERFACE, "down");
      await until("down is reported", () => errors().length === round);
      expect(errors().at(-1)).toBe("down");
      expect(await near.call("send", "near", [arpFrame(9)])).toBe(0);
      ip("-n", wire.near, "link", "set", INTERFACE, "up");
      await hearAgain(arpFrame(round));
    }
    expect(errors()).toEqual(["down", "down", "down"]);
  });

  test("opened while the interface is down, it says so and hears once it is up", async () => {
    ip("-n", wire.near, "link", "set", INTERFACE, "down");
    await near.call("open", "near", INTERFACE, backend, "arp");
    await until("down is reported", () => errors().includes("down"));
    ip("-n", wire.near, "link", "set", INTERFACE, "up");
    await hearAgain(arpFrame(1));
  });

  test("survives a flap that is over before anybody looks", async () => {
    await near.call("open", "near", INTERFACE, backend, "arp");
    for (let i = 0; i < 5; i++) {
      const blocked = near.call("block", 100);
      ip("-n", wire.near, "link", "set", INTERFACE, "down");
      ip("-n", wire.near, "link", "set", INTERFACE, "up");
      await blocked;
    }
    await hearAgain(arpFrame(1));
  });

  test("says when the interface is gone; a new one of the same name takes a new socket", async () => {
    const old = await near.call("open", "near", INTERFACE, backend, "arp");
    ip("-n", wire.near, "link", "delete", INTERFACE);
    await until("gone is reported", () => errors().includes("gone"));
    expect(await near.call("send", "near", [arpFrame(9)])).toBe(0);
    await near.call("close", "near");
    await expect(near.call("open", "near", INTERFACE, backend, "arp")).rejects.toMatchObject({ code: "gone" });
    await far.call("close", "far");

    connect(wire);
    await far.call("open", "far", INTERFACE, "packet", "both");
    const { index } = await near.call("open", "near", INTERFACE, backend, "arp");
    expect(old).not.toMatchObject({ index });
    await hearAgain(arpFrame(1));
  });

  test("is closed without leaving a descriptor or process behind", async () => {
    const { before, after } = await near.call("rounds", INTERFACE, backend, rounds);
    expect(after).toEqual(before);
  });

  test("loses nothing of 10,000 frames per second that its statistics do not count", async ({ annotate }) => {
    const { receiveBufferBytes } = await near.call("open", "near", INTERFACE, backend, "arp");
    expect(receiveBufferBytes).toBeGreaterThanOrEqual(2 << 20);
    await near.call("mute");
    const start = systemClock.now();
    const sent = await far.call("pace", "far", arpFrame(1), 10_000, 30_000);
    const seconds = (systemClock.now() - start) / 1000;
    expect(sent).toBe(30_000);
    let seen = await near.call("statistics", "near");
    await until("every frame is accounted for", async () => {
      seen = await near.call("statistics", "near");
      return seen.received + seen.dropped >= sent;
    });
    expect(seen).toMatchObject({ oversized: 0, unsent: 0 });
    expect(seen.received + seen.dropped).toBe(sent);
    await annotate(`${Math.round(sent / seconds)} frames/s, ${seen.dropped} dropped of ${sent}`);
  });

  test("leaves the event loop its turns during a flood", async () => {
    await near.call("open", "near", INTERFACE, backend, "arp");
    await near.call("mute");
    const flood = far.call("flood", "far", arpFrame(1), 3_000);
    const waits: number[] = [];
    for (let i = 0; i < 10; i++) {
      await systemClock.sleep(100);
      const start = systemClock.now();
      await near.call("ping");
      waits.push(systemClock.now() - start);
    }
    await flood;
    // A starved loop would answer when the flood is over.
    expect(Math.max(...waits)).toBeLessThan(2_000);
  });

  test("what a handler throws is an uncaught exception, and the socket hears on", async () => {
    await near.call("open", "near", INTERFACE, backend, "arp");
    await near.call("throwNext");
    await far.call("send", "far", [arpFrame(1)]);
    await until("the exception is caught", () => near.told.some(({ event }) => event === "uncaught"));
    expect(near.told.find(({ event }) => event === "uncaught")?.message).toBe("thrown by a handler");
    await hearAgain(arpFrame(2));
    expect(await near.end()).toBe(0);
  });

  test("names an interface that does not exist", async () => {
    await expect(near.call("open", "near", "nowhere", backend, "arp")).rejects.toMatchObject({ code: "gone" });
  });
});
