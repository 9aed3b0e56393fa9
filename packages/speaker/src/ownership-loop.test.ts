import { arpRequest, encodeArp, gratuitousReply } from "@heraldlb/arp";
import { DEFAULT_SPEAKER_TIMERS, type Reply, type SavedOwnership } from "@heraldlb/election";
import { ETHER_TYPE, encodeEthernet } from "@heraldlb/ethernet";
import { BROADCAST_MAC, type Ipv4, type Mac } from "@heraldlb/net";
import { FakeClock, recordingLogger } from "@heraldlb/runtime/testing";
import { describe, expect, test } from "vitest";
import { changed, eth, fakeNetwork } from "./layer2.test.fixture.ts";
import { OwnershipLoop } from "./ownership-loop.ts";
import type { FromWorker } from "./worker-messages.ts";

const REPLICA = "198.51.100.1:7600";
const V4 = "192.0.2.1" as Ipv4;
const OTHER = "02:00:00:00:00:99" as Mac;
const group = { id: V4, addresses: [{ address: V4, interfaces: "all" as const }] };
const epoch = { term: 1, counter: 1 };
const config = {
  ...{ node: "n1", instance: "i1", bootId: "boot1", startedAt: 1, timers: DEFAULT_SPEAKER_TIMERS },
};
const broadcast = (packet: Parameters<typeof encodeArp>[0]) =>
  encodeEthernet({
    ...{ destination: BROADCAST_MAC, source: OTHER, etherType: ETHER_TYPE.arp },
    payload: encodeArp(packet),
  });
const request = broadcast(arpRequest({ mac: OTHER, ip: "192.0.2.9" as Ipv4 }, V4));

/** A clock that can be stopped along with the process: its time goes on, its timers wait. */
class StoppableClock extends FakeClock {
  stoppedMs = 0;

  override now(): number {
    return super.now() + this.stoppedMs;
  }
}

async function start(saved?: SavedOwnership) {
  const clock = new StoppableClock();
  const log = recordingLogger();
  const network = fakeNetwork();
  const posted: FromWorker[] = [];
  const loop = new OwnershipLoop(config, saved, {
    ...{ clock, log, backend: "packet", rules: { allowed: /./, excluded: /^lo$/ } },
    openSocket: network.openSocket,
    openGroups: network.openGroups,
    post: (message) => void posted.push(message),
    postedAt: () => clock.now(),
  });
  loop.interfaceEvent(changed(eth()));
  loop.interfaceEvent({ type: "synced" });
  await clock.advance(0);

  const take = <T extends FromWorker["type"]>(type: T) =>
    posted.filter((message): message is Extract<FromWorker, { type: T }> => message.type === type);
  const sent = () => take("send").map(({ message }) => message);
  const hear = (frame: Uint8Array) => network.sockets[0]?.handlers.onFrames([frame]);
  const answers = () => {
    const replies = () => network.sockets[0]?.sent.filter((frame) => frame[5] === 0x99).length;
    const before = replies();
    hear(request);
    return replies() !== before;
  };

  /** A stream to a firm leader that defines and assigns the group. */
  async function assigned() {
    loop.handle({ type: "replicas", replicas: [REPLICA] });
    await clock.advance(100);
    const dial = take("dial").at(-1)?.dial ?? 0;
    loop.handle({ type: "connected", dial });
    loop.handle({ type: "opened", dial });
    reply(dial);
    loop.handle({ type: "define", changed: [group], removed: [] });
    loop.handle({ type: "received", dial, message: { type: "assign", group: V4, epoch, echo: clock.now() } });
    return dial;
  }

  function reply(dial: number): void {
    const message: Reply = {
      ...{ type: "reply", role: "leader", term: 1, holder: "c1", firm: true, intervalMs: 100, detectionMs: 300 },
      echo: clock.now(),
    };
    loop.handle({ type: "received", dial, message });
  }

  return { loop, clock, log, network, posted, take, sent, hear, answers, assigned, reply };
}

describe("with a leader", () => {
  test("an Assign is answered for from the next frame on, announced, and then acknowledged", async () => {
    const { assigned, answers, network, sent } = await start();
    await assigned();
    expect(network.sockets[0]?.sent).toHaveLength(2);
    expect(answers()).toBe(true);
    const types = sent().map(({ type }) => type);
    expect(types.slice(0, 1)).toEqual(["hello"]);
    expect(sent().find(({ type }) => type === "ack")).toEqual({ type: "ack", kind: "assign", group: V4, epoch });
    expect(sent().find(({ type }) => type === "holdings")).toMatchObject({ changed: [{ group: V4, state: "owner" }] });
  });

  test("a Revoke ends the answers", async () => {
    const { loop, assigned, answers, take, clock } = await start();
    const dial = await assigned();
    await clock.advance(25);
    const message = { type: "revoke", group: V4, epoch: { term: 1, counter: 2 } } as const;
    loop.handle({ type: "received", dial, message });
    expect(answers()).toBe(false);
    await clock.advance(25);
    expect(take("answer").map(({ mode }) => mode)).toEqual(["all", "none"]);
  });

  test("streams that end again and again are logged at info once, and then summed up", async () => {
    const { loop, clock, log, assigned } = await start();
    const told = () =>
      log.entries
        .filter(({ level, message }) => level === "info" && /^authority changed|^controller stream ended/.test(message))
        .map(({ message, fields }) => [message, (fields as { readonly count?: number }).count]);
    for (let i = 0; i < 4; i++) {
      const dial = await assigned();
      await clock.advance(100);
      loop.handle({ type: "closed", dial, replaced: false });
      await clock.advance(600);
    }
    expect(told()).toEqual([
      ["authority changed", undefined],
      ["controller stream ended", undefined],
    ]);
    await clock.advance(10_000);
    expect(told().slice(2)).toEqual([
      ["authority changed", 7],
      ["controller stream ended", 3],
    ]);
  });

  test("a definition that is gone ends the answers", async () => {
    const { loop, assigned, answers } = await start();
    await assigned();
    loop.handle({ type: "define", changed: [], removed: [V4] });
    expect(answers()).toBe(false);
  });

  test("heartbeats go out every interval, with the time they were said", async () => {
    const { assigned, clock, take, reply } = await start();
    const dial = await assigned();
    for (let i = 0; i < 10; i++) {
      await clock.advance(100);
      reply(dial);
    }
    const beats = take("send").filter(({ message }) => message.type === "heartbeat");
    expect(beats.length).toBeGreaterThanOrEqual(10);
    for (const { at, message } of beats) expect(message).toMatchObject({ stamp: at });
  });

  test("what is held is saved, and forgotten with it", async () => {
    const { loop, assigned, clock, take } = await start();
    const dial = await assigned();
    await clock.advance(50);
    expect(take("persist").at(-1)).toMatchObject({ maxTerm: 1, saved: [{ id: V4, epoch }] });
    const message = { type: "revoke", group: V4, epoch: { term: 1, counter: 2 } } as const;
    loop.handle({ type: "received", dial, message });
    await clock.advance(50);
    expect(take("persist").at(-1)).toMatchObject({ saved: [], forgotten: [V4] });
  });

  test("a claim by another host is defended against", async () => {
    const { assigned, hear, network } = await start();
    await assigned();
    const before = network.sockets[0]?.sent.length ?? 0;
    hear(broadcast(gratuitousReply(OTHER, V4)));
    expect(network.sockets[0]?.sent.length).toBe(before + 2);
  });

  test("a drain ends with the order to exit", async () => {
    const { loop, assigned, take } = await start();
    const dial = await assigned();
    loop.handle({ type: "drain" });
    loop.handle({ type: "received", dial, message: { type: "drained" } });
    expect(take("exit")).toEqual([{ type: "exit", code: 0, reason: "shutdown" }]);
  });
});

describe("without a leader", () => {
  test("what was owned in this boot is owned again once nobody else answers", async () => {
    const groups = [{ ...group, epoch }];
    const { answers, clock } = await start({ bootId: "boot1", maxTerm: 1, termHolder: "c1", groups });
    expect(answers()).toBe(false);
    await clock.advance(1_000);
    expect(answers()).toBe(true);
  });

  test("what was owned in an earlier boot is not", async () => {
    const groups = [{ ...group, epoch }];
    const { answers, clock } = await start({ bootId: "boot0", maxTerm: 1, termHolder: "c1", groups });
    await clock.advance(2_000);
    expect(answers()).toBe(false);
  });
});

describe("after the process was stopped", () => {
  test("longer than the detection time, the frames that queued up are not answered, nor later ones unconfirmed", async () => {
    const { assigned, answers, clock, log } = await start();
    await assigned();
    clock.stoppedMs += 1_000;
    expect(answers()).toBe(false);
    await clock.advance(10);
    expect(answers()).toBe(false);
    expect(log.entries).toContainEqual(expect.objectContaining({ fields: expect.objectContaining({ to: "verify" }) }));
  });

  test("for a short time, the frames that queued up are dropped and later ones answered", async () => {
    const { assigned, answers, clock, loop, posted } = await start();
    await assigned();
    clock.stoppedMs += 150;
    expect(answers()).toBe(false);
    expect(answers()).toBe(false);
    await clock.advance(3);
    expect(answers()).toBe(true);
    await clock.advance(1_000);
    const [statistics] = posted.flatMap((message) => (message.type === "statistics" ? [message.statistics] : []));
    expect(statistics).toMatchObject({ discarded: 2, dropped: new Map([["eth0", 5]]) });
    await loop.close();
  });

  test("an order that was read with the stall does not confirm anything older", async () => {
    const { assigned, answers, clock, loop, reply } = await start();
    const dial = await assigned();
    const stale = clock.now();
    clock.stoppedMs += 1_000;
    loop.handle({
      type: "received",
      dial,
      message: { type: "assign", group: V4, epoch: { term: 1, counter: 2 }, echo: stale },
    });
    await clock.advance(5);
    expect(answers()).toBe(false);
    reply(dial);
  });
});

test("after the end the sockets are closed, and nothing is said any more", async () => {
  const { loop, assigned, clock, posted, network } = await start();
  await assigned();
  await loop.close();
  const before = posted.length;
  await clock.advance(3_000);
  expect(network.sockets.every(({ closed }) => closed)).toBe(true);
  expect(posted.slice(before)).toEqual([]);
});
