import { type BfdControl, encodeControl } from "@heraldlb/bfd";
import type { Ip } from "@heraldlb/net";
import { beforeEach, describe, expect, test } from "vitest";
import { BfdBench, far, near, other, profile } from "./bfd-bench.test.fixture.ts";
import type { DesiredSession } from "./desired-session.ts";

let bench: BfdBench;

beforeEach(() => {
  bench = new BfdBench();
});

describe("sockets", () => {
  test("sessions of an address share one; it hears their other sides only, with the TTL that each needs", () => {
    bench.sessions.apply([near, other, far]);
    expect(bench.network.receivers.map(({ on, senders }) => [on, senders])).toEqual([
      [
        { local: near.local, port: 3784, device: "eth0" },
        [
          { source: near.remote, minimumHops: 255 },
          { source: other.remote, minimumHops: 255 },
        ],
      ],
      [{ local: far.local, port: 4784, device: undefined }, [{ source: far.remote, minimumHops: 254 }]],
    ]);
  });

  test("each session sends from a port of its own in the range of RFC 5881", () => {
    bench.sessions.apply([near, other]);
    const ports = bench.network.senders.map(({ from }) => from.sourcePort);
    expect(new Set(ports).size).toBe(2);
    for (const port of ports) {
      expect(port).toBeGreaterThanOrEqual(49_152);
      expect(port).toBeLessThanOrEqual(65_535);
    }
  });

  test("a source port that is taken is given up for another", () => {
    bench.network.refusals.push("EADDRINUSE", "EADDRINUSE");
    bench.sessions.apply([near]);
    expect(bench.last(near.remote).state).toBe("down");
    expect(new Set(bench.network.attempts).size).toBe(3);
  });

  test("what else keeps packets from being sent is reported, and tried again with the next packet", async () => {
    bench.network.refusals.push("EADDRNOTAVAIL");
    bench.sessions.apply([near]);
    expect(bench.log.entries).toContainEqual(
      expect.objectContaining({ level: "warn", message: "cannot send BFD packets" }),
    );
    expect(bench.reports.at(-1)).toMatchObject({ session: near, problem: "EADDRNOTAVAIL" });
    await bench.clock.advance(1_000);
    expect(bench.last(near.remote).state).toBe("down");
    expect(bench.reports.at(-1)).toMatchObject({ session: near, problem: undefined });
  });

  test("a socket that fails is opened anew with the next packet, and the same port", async () => {
    bench.sessions.apply([near]);
    bench.network.senders[0]?.fail("ENODEV");
    expect(bench.network.senders[0]?.isClosed).toBe(true);
    await bench.clock.advance(1_000);
    expect(bench.network.senders.map(({ from }) => from.sourcePort)).toEqual(
      Array(2).fill(bench.network.senders[0]?.from.sourcePort),
    );
  });

  test("a taken BFD port is reported once, tried again each second, and stops no other session", async () => {
    bench.network.taken.set(3784, "EADDRINUSE");
    bench.sessions.apply([near, far]);
    expect(bench.reports.filter(({ problem }) => problem === "EADDRINUSE").map(({ session }) => session)).toContain(
      near,
    );
    bench.bringUp(far);
    expect(bench.stateOf(far)).toBe("up");
    await bench.clock.advance(5_000);
    expect(bench.log.entries.filter(({ message }) => message === "cannot open a BFD port; trying again")).toHaveLength(
      1,
    );
    bench.network.taken.clear();
    await bench.clock.advance(1_000);
    expect(bench.reports.findLast(({ session }) => session === near)?.problem).toBeUndefined();
    bench.bringUp(near);
    expect(bench.stateOf(near)).toBe("up");
  });

  test("one whose interface was made anew is opened anew", async () => {
    bench.sessions.apply([near]);
    const first = bench.network.on(3784);
    first.isStale = true;
    await bench.clock.advance(1_000);
    expect(first.isClosed).toBe(true);
    expect(bench.network.on(3784).senders).toEqual(first.senders);
  });

  test("the last session of a socket closes it, when it has said goodbye", async () => {
    bench.sessions.apply([near, other]);
    bench.sessions.apply([other]);
    await bench.clock.advance(300);
    expect(bench.network.on(3784).senders).toEqual([{ source: other.remote, minimumHops: 255 }]);
    bench.sessions.apply([]);
    await bench.clock.advance(300);
    expect(bench.network.receivers.every(({ isClosed }) => isClosed)).toBe(true);
    expect(bench.network.senders.every(({ isClosed }) => isClosed)).toBe(true);
  });
});

describe("a session", () => {
  test("comes up, reports it, and sends as often as agreed", async () => {
    bench.sessions.apply([near]);
    bench.bringUp(near);
    expect(bench.reports.at(-1)).toEqual({
      session: near,
      state: "up",
      diagnostic: "none",
      remoteState: "up",
      remoteDiagnostic: "none",
      problem: undefined,
    });
    const before = bench.network.senders[0]?.sent.length ?? 0;
    for (let i = 0; i < 10; i++) {
      await bench.clock.advance(100);
      bench.say(near, { state: "up" });
    }
    expect((bench.network.senders[0]?.sent.length ?? 0) - before).toBe(10);
  });

  test("goes down after the detection time, to the millisecond", async () => {
    bench.sessions.apply([near]);
    bench.bringUp(near);
    await bench.clock.advance(299);
    expect(bench.stateOf(near)).toBe("up");
    await bench.clock.advance(1);
    expect(bench.reports.at(-1)).toMatchObject({ state: "down", diagnostic: "controlDetectionTimeExpired" });
  });

  test("is not declared down while what proves it up lies unread in the socket", async () => {
    bench.sessions.apply([near, other]);
    bench.bringUp(near);
    bench.network.unread.push(
      () => bench.say(other, { state: "down" }),
      () => bench.say(near, { state: "up" }),
    );
    await bench.clock.advance(500);
    expect(bench.reports.find(({ diagnostic }) => diagnostic === "controlDetectionTimeExpired")).toBeUndefined();
    await bench.clock.advance(100);
    expect(bench.stateOf(near)).toBe("down");
  });

  test("takes up another profile without a reset, by a poll", () => {
    bench.sessions.apply([near]);
    bench.bringUp(near);
    const { myDiscriminator } = bench.last(near.remote);
    bench.sessions.apply([{ ...near, profile: { ...profile, transmitIntervalMs: 500, receiveIntervalMs: 50 } }]);
    expect(bench.last(near.remote)).toMatchObject({
      state: "up",
      isPoll: true,
      myDiscriminator,
      desiredMinTxUs: 500_000,
      requiredMinRxUs: 50_000,
    });
    expect(bench.stateOf(near)).toBe("up");
  });

  test("that is gone from the list says AdminDown, goes on for the detection time, and is not counted any more", async () => {
    bench.sessions.apply([near]);
    bench.bringUp(near);
    bench.sessions.apply([]);
    expect(bench.last(near.remote)).toMatchObject({ state: "adminDown", diagnostic: 7 });
    expect(bench.sessions.statistics()).toEqual([]);
    await bench.clock.advance(299);
    expect(bench.network.senders[0]?.isClosed).toBe(false);
    await bench.clock.advance(1);
    expect(bench.network.senders[0]?.isClosed).toBe(true);
    expect(bench.clock.pending).toBeLessThanOrEqual(1);
  });

  test("that comes back into the list before that lives on", async () => {
    bench.sessions.apply([near]);
    bench.bringUp(near);
    bench.sessions.apply([]);
    bench.sessions.apply([near]);
    await bench.clock.advance(1_000);
    bench.say(near, { state: "down" });
    bench.bringUp(near);
    expect(bench.stateOf(near)).toBe("up");
    // It was ended, and did not fail.
    expect(bench.sessions.statistics()).toMatchObject([{ upEvents: 2, downEvents: 0 }]);
  });

  test("tells a router that was shut down from one that failed", () => {
    bench.sessions.apply([near]);
    bench.bringUp(near);
    bench.say(near, { state: "adminDown", diagnostic: 7 });
    expect(bench.reports.at(-1)).toMatchObject({
      state: "down",
      diagnostic: "neighborSignaledSessionDown",
      remoteState: "adminDown",
      remoteDiagnostic: "administrativelyDown",
    });
  });

  test("counts for MetalLB's metrics", async () => {
    bench.sessions.apply([{ ...near, vrf: "red" }]);
    bench.bringUp(near);
    await bench.clock.advance(300);
    expect(bench.sessions.statistics()).toEqual([
      expect.objectContaining({
        peer: near.remote,
        vrf: "red",
        isUp: false,
        controlPacketsReceived: 2,
        controlPacketsSent: bench.network.senders[0]?.sent.length,
        upEvents: 1,
        downEvents: 1,
      }),
    ]);
  });
});

describe("what is discarded", () => {
  test.each<[string, DesiredSession, Partial<BfdControl>]>([
    ["a packet with another session's discriminator", near, { yourDiscriminator: 12_345 }],
    ["a packet with a multiplier of 0", near, { multiplier: 0 }],
    ["a packet of state init to nobody", near, { yourDiscriminator: 0 }],
    [
      "an authenticated packet",
      near,
      { authentication: { type: "simplePassword", keyId: 1, password: Uint8Array.of(1) } },
    ],
  ])("%s", (_name, session, fields) => {
    bench.sessions.apply([near]);
    bench.say(session, { state: "init", ...fields });
    expect(bench.reports.filter(({ state }) => state === "up")).toEqual([]);
    expect(bench.sessions.statistics()[0]?.controlPacketsReceived).toBe(0);
  });

  test("bytes that are no packet, and packets of unknown senders", () => {
    bench.sessions.apply([near]);
    const hello = encodeControl({ ...bench.last(near.remote), yourDiscriminator: 0 });
    bench.network.on(3784).deliver(Uint8Array.of(1, 2, 3), { source: near.remote, port: 1 });
    bench.network.on(3784).deliver(hello, { source: "192.0.2.99" as Ip, port: 1 });
    expect(bench.sessions.statistics()[0]?.controlPacketsReceived).toBe(0);
    bench.network.on(3784).deliver(hello, { source: near.remote, port: 1 });
    expect(bench.sessions.statistics()[0]?.controlPacketsReceived).toBe(1);
  });
});

test("of two sessions that would be the same on the wire the first counts", () => {
  bench.sessions.apply([near, { ...near, vrf: "red", profile: { ...profile, detectMultiplier: 9 } }]);
  expect(bench.last(near.remote).multiplier).toBe(3);
  expect(bench.network.senders).toHaveLength(1);
});

test("echo packets of the other side's go back to it unchanged, and nobody else's", () => {
  bench.sessions.apply([{ ...near, profile: { ...profile, echoIntervalMs: 50 } }]);
  const echo = Uint8Array.of(1, 2, 3, 4);
  bench.network.on(3785).deliver(echo, { source: near.remote, port: 3785 });
  bench.network.on(3785).deliver(echo, { source: other.remote, port: 3785 });
  expect(bench.network.on(3785).replies).toEqual([{ datagram: echo, to: { source: near.remote, port: 3785 } }]);
  expect(bench.sessions.statistics()[0]).toMatchObject({ echoPacketsReceived: 1, echoPacketsSent: 1 });
  bench.sessions.apply([near]);
  expect(bench.network.receivers.find(({ on }) => on.port === 3785)?.isClosed).toBe(true);
});

test("the end says AdminDown on all, and leaves nothing open or running", async () => {
  bench.sessions.apply([near, far]);
  bench.bringUp(near);
  await bench.sessions.close();
  expect([bench.last(near.remote).state, bench.last(far.remote).state]).toEqual(["adminDown", "adminDown"]);
  expect([...bench.network.receivers, ...bench.network.senders].every(({ isClosed }) => isClosed)).toBe(true);
  expect(bench.clock.pending).toBe(0);
});
