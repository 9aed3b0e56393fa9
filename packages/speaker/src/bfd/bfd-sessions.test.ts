import { type BfdControl, decodeControl, encodeControl } from "@heraldlb/bfd";
import { LinkError } from "@heraldlb/link";
import type { Ip } from "@heraldlb/net";
import { FakeClock, recordingLogger } from "@heraldlb/runtime/testing";
import { beforeEach, describe, expect, test } from "vitest";
import { BfdSessions } from "./bfd-sessions.ts";
import type { BfdProfile, DesiredSession } from "./desired-session.ts";
import { FakeNetwork } from "./fake-network.test.fixture.ts";
import type { BfdReport } from "./live-session.ts";

const profile: BfdProfile = {
  receiveIntervalMs: 100,
  transmitIntervalMs: 100,
  detectMultiplier: 3,
  echoIntervalMs: undefined,
  isPassive: false,
  minimumTtl: 254,
};
const near: DesiredSession = {
  local: "192.0.2.1" as Ip,
  remote: "192.0.2.2" as Ip,
  interface: "eth0",
  isMultihop: false,
  profile,
};
const other: DesiredSession = { ...near, remote: "192.0.2.3" as Ip };
const far: DesiredSession = { local: near.local, remote: "198.51.100.9" as Ip, isMultihop: true, profile };

let clock: FakeClock;
let network: FakeNetwork;
let log: ReturnType<typeof recordingLogger>;
let reports: BfdReport[];
let sessions: BfdSessions;

beforeEach(() => {
  clock = new FakeClock();
  network = new FakeNetwork();
  log = recordingLogger();
  reports = [];
  let drawn = 0;
  sessions = new BfdSessions({
    clock,
    log,
    network,
    openFrames: () => Promise.reject(new LinkError("gone", "no frames here", { errno: "ENODEV" })),
    // Nearly the greatest share of each interval, and never the same number, so that ports and discriminators differ.
    random: () => 1 - ++drawn / 10_000,
    onReport: (report) => reports.push(report),
  });
});

/** The last packet of the session with that address. */
function last(remote: Ip): BfdControl {
  const sent = network.senders.findLast(({ from }) => from.remote === remote)?.sent.at(-1);
  if (!sent) throw new Error(`nothing was sent to ${remote}`);
  return decodeControl(sent);
}

/** The other side says something to the session. */
function say(session: DesiredSession, fields: Partial<BfdControl>): void {
  const { myDiscriminator } = last(session.remote);
  const packet: BfdControl = {
    ...last(session.remote),
    multiplier: 3,
    desiredMinTxUs: 100_000,
    requiredMinRxUs: 100_000,
    isPoll: false,
    myDiscriminator: 77,
    yourDiscriminator: myDiscriminator,
    ...fields,
  };
  const receiver = network.on(session.isMultihop ? 4784 : 3784, session.local);
  receiver.deliver(encodeControl(packet), { source: session.remote, port: 50_000 });
}

/** Brings a session up, with its poll answered. */
function bringUp(session: DesiredSession): void {
  say(session, { state: "init" });
  say(session, { state: "up", isFinal: true });
}

const stateOf = (session: DesiredSession) =>
  reports.findLast((report) => report.session.remote === session.remote)?.state;

describe("sockets", () => {
  test("sessions of an address share one; it hears their other sides only, with the TTL that each needs", () => {
    sessions.apply([near, other, far]);
    expect(network.receivers.map(({ on, senders }) => [on, senders])).toEqual([
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
    sessions.apply([near, other]);
    const ports = network.senders.map(({ from }) => from.sourcePort);
    expect(new Set(ports).size).toBe(2);
    for (const port of ports) {
      expect(port).toBeGreaterThanOrEqual(49_152);
      expect(port).toBeLessThanOrEqual(65_535);
    }
  });

  test("a source port that is taken is given up for another", () => {
    network.refusals.push("EADDRINUSE", "EADDRINUSE");
    sessions.apply([near]);
    expect(last(near.remote).state).toBe("down");
    expect(new Set(network.attempts).size).toBe(3);
  });

  test("what else keeps packets from being sent is reported, and tried again with the next packet", async () => {
    network.refusals.push("EADDRNOTAVAIL");
    sessions.apply([near]);
    expect(log.entries).toContainEqual(expect.objectContaining({ level: "warn", message: "cannot send BFD packets" }));
    expect(reports.at(-1)).toMatchObject({ session: near, problem: "EADDRNOTAVAIL" });
    await clock.advance(1_000);
    expect(last(near.remote).state).toBe("down");
    expect(reports.at(-1)).toMatchObject({ session: near, problem: undefined });
  });

  test("a socket that fails is opened anew with the next packet, and the same port", async () => {
    sessions.apply([near]);
    network.senders[0]?.fail("ENODEV");
    expect(network.senders[0]?.isClosed).toBe(true);
    await clock.advance(1_000);
    expect(network.senders.map(({ from }) => from.sourcePort)).toEqual(
      Array(2).fill(network.senders[0]?.from.sourcePort),
    );
  });

  test("a taken BFD port is reported once, tried again each second, and stops no other session", async () => {
    network.taken.set(3784, "EADDRINUSE");
    sessions.apply([near, far]);
    expect(reports.filter(({ problem }) => problem === "EADDRINUSE").map(({ session }) => session)).toContain(near);
    bringUp(far);
    expect(stateOf(far)).toBe("up");
    await clock.advance(5_000);
    expect(log.entries.filter(({ message }) => message === "cannot open a BFD port; trying again")).toHaveLength(1);
    network.taken.clear();
    await clock.advance(1_000);
    expect(reports.findLast(({ session }) => session === near)?.problem).toBeUndefined();
    bringUp(near);
    expect(stateOf(near)).toBe("up");
  });

  test("one whose interface was made anew is opened anew", async () => {
    sessions.apply([near]);
    const first = network.on(3784);
    first.isStale = true;
    await clock.advance(1_000);
    expect(first.isClosed).toBe(true);
    expect(network.on(3784).senders).toEqual(first.senders);
  });

  test("the last session of a socket closes it, when it has said goodbye", async () => {
    sessions.apply([near, other]);
    sessions.apply([other]);
    await clock.advance(300);
    expect(network.on(3784).senders).toEqual([{ source: other.remote, minimumHops: 255 }]);
    sessions.apply([]);
    await clock.advance(300);
    expect(network.receivers.every(({ isClosed }) => isClosed)).toBe(true);
    expect(network.senders.every(({ isClosed }) => isClosed)).toBe(true);
  });
});

describe("a session", () => {
  test("comes up, reports it, and sends as often as agreed", async () => {
    sessions.apply([near]);
    bringUp(near);
    expect(reports.at(-1)).toEqual({
      session: near,
      state: "up",
      diagnostic: "none",
      remoteState: "up",
      remoteDiagnostic: "none",
      problem: undefined,
    });
    const before = network.senders[0]?.sent.length ?? 0;
    for (let i = 0; i < 10; i++) {
      await clock.advance(100);
      say(near, { state: "up" });
    }
    expect((network.senders[0]?.sent.length ?? 0) - before).toBe(10);
  });

  test("goes down after the detection time, to the millisecond", async () => {
    sessions.apply([near]);
    bringUp(near);
    await clock.advance(299);
    expect(stateOf(near)).toBe("up");
    await clock.advance(1);
    expect(reports.at(-1)).toMatchObject({ state: "down", diagnostic: "controlDetectionTimeExpired" });
  });

  test("is not declared down while what proves it up lies unread in the socket", async () => {
    sessions.apply([near, other]);
    bringUp(near);
    network.unread.push(
      () => say(other, { state: "down" }),
      () => say(near, { state: "up" }),
    );
    await clock.advance(500);
    expect(reports.find(({ diagnostic }) => diagnostic === "controlDetectionTimeExpired")).toBeUndefined();
    await clock.advance(100);
    expect(stateOf(near)).toBe("down");
  });

  test("takes up another profile without a reset, by a poll", () => {
    sessions.apply([near]);
    bringUp(near);
    const { myDiscriminator } = last(near.remote);
    sessions.apply([{ ...near, profile: { ...profile, transmitIntervalMs: 500, receiveIntervalMs: 50 } }]);
    expect(last(near.remote)).toMatchObject({
      state: "up",
      isPoll: true,
      myDiscriminator,
      desiredMinTxUs: 500_000,
      requiredMinRxUs: 50_000,
    });
    expect(stateOf(near)).toBe("up");
  });

  test("that is gone from the list says AdminDown, goes on for the detection time, and is not counted any more", async () => {
    sessions.apply([near]);
    bringUp(near);
    sessions.apply([]);
    expect(last(near.remote)).toMatchObject({ state: "adminDown", diagnostic: 7 });
    expect(sessions.statistics()).toEqual([]);
    await clock.advance(299);
    expect(network.senders[0]?.isClosed).toBe(false);
    await clock.advance(1);
    expect(network.senders[0]?.isClosed).toBe(true);
    expect(clock.pending).toBeLessThanOrEqual(1);
  });

  test("that comes back into the list before that lives on", async () => {
    sessions.apply([near]);
    bringUp(near);
    sessions.apply([]);
    sessions.apply([near]);
    await clock.advance(1_000);
    say(near, { state: "down" });
    bringUp(near);
    expect(stateOf(near)).toBe("up");
  });

  test("tells a router that was shut down from one that failed", () => {
    sessions.apply([near]);
    bringUp(near);
    say(near, { state: "adminDown", diagnostic: 7 });
    expect(reports.at(-1)).toMatchObject({
      state: "down",
      diagnostic: "neighborSignaledSessionDown",
      remoteState: "adminDown",
      remoteDiagnostic: "administrativelyDown",
    });
  });

  test("counts for MetalLB's metrics", async () => {
    sessions.apply([{ ...near, vrf: "red" }]);
    bringUp(near);
    await clock.advance(300);
    expect(sessions.statistics()).toEqual([
      expect.objectContaining({
        peer: near.remote,
        vrf: "red",
        isUp: false,
        controlPacketsReceived: 2,
        controlPacketsSent: network.senders[0]?.sent.length,
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
    sessions.apply([near]);
    say(session, { state: "init", ...fields });
    expect(reports.filter(({ state }) => state === "up")).toEqual([]);
    expect(sessions.statistics()[0]?.controlPacketsReceived).toBe(0);
  });

  test("bytes that are no packet, and packets of unknown senders", () => {
    sessions.apply([near]);
    const hello = encodeControl({ ...last(near.remote), yourDiscriminator: 0 });
    network.on(3784).deliver(Uint8Array.of(1, 2, 3), { source: near.remote, port: 1 });
    network.on(3784).deliver(hello, { source: "192.0.2.99" as Ip, port: 1 });
    expect(sessions.statistics()[0]?.controlPacketsReceived).toBe(0);
    network.on(3784).deliver(hello, { source: near.remote, port: 1 });
    expect(sessions.statistics()[0]?.controlPacketsReceived).toBe(1);
  });
});

test("of two sessions that would be the same on the wire the first counts", () => {
  sessions.apply([near, { ...near, vrf: "red", profile: { ...profile, detectMultiplier: 9 } }]);
  expect(last(near.remote).multiplier).toBe(3);
  expect(network.senders).toHaveLength(1);
});

test("echo packets of the other side's go back to it unchanged, and nobody else's", () => {
  sessions.apply([{ ...near, profile: { ...profile, echoIntervalMs: 50 } }]);
  const echo = Uint8Array.of(1, 2, 3, 4);
  network.on(3785).deliver(echo, { source: near.remote, port: 3785 });
  network.on(3785).deliver(echo, { source: other.remote, port: 3785 });
  expect(network.on(3785).replies).toEqual([{ datagram: echo, to: { source: near.remote, port: 3785 } }]);
  expect(sessions.statistics()[0]).toMatchObject({ echoPacketsReceived: 1, echoPacketsSent: 1 });
  sessions.apply([near]);
  expect(network.receivers.find(({ on }) => on.port === 3785)?.isClosed).toBe(true);
});

test("the end says AdminDown on all, and leaves nothing open or running", async () => {
  sessions.apply([near, far]);
  bringUp(near);
  await sessions.close();
  expect([last(near.remote).state, last(far.remote).state]).toEqual(["adminDown", "adminDown"]);
  expect([...network.receivers, ...network.senders].every(({ isClosed }) => isClosed)).toBe(true);
  expect(clock.pending).toBe(0);
});
