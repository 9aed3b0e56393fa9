import { spawn } from "node:child_process";
import {
  type Bfdd,
  type BfdHost,
  type BfdScheduling,
  monotonicMs,
  pass,
  run,
  startBfd,
  startBfdd,
  until,
} from "@heraldlb/lab";
import type { Ip } from "@heraldlb/net";
import type { DesiredSession } from "@heraldlb/speaker";
import type { Result } from "./result.ts";
import { percentile } from "./statistics.ts";

/** How much is measured. */
export interface BfdOptions {
  /** Detections each way at each interval. */
  readonly detections: number;
  readonly soakSeconds: number;
}

const INTERVALS_MS = [300, 100, 50] as const;
const SOAK_INTERVAL_MS = 100;
const MULTIPLIER = 3;
const BUSY_PROCESSES = 4;
const SPIN = "while :; do :; done";
const HERALD = "192.0.2.1" as Ip;
const ROUTER = "192.0.2.2" as Ip;
const WIRE = "wire0";

/**
 * Herald's BFD and FRR's bfdd, which runs ahead of everything else on the machine: how long each takes to notice that
 * the other is gone, and how often a session falls though both are there, while other processes want the processors.
 */
export async function bfd({ detections, soakSeconds }: BfdOptions): Promise<Result[]> {
  await using wire = await layWire();
  const results: Result[] = [];
  for (const intervalMs of INTERVALS_MS) results.push(...(await detection(wire, intervalMs, detections)));
  for (const scheduling of ["preferred", "usual"] as const) {
    results.push(...(await soak(wire, scheduling, soakSeconds)));
  }
  return results;
}

interface Wire extends AsyncDisposable {
  readonly near: string;
  readonly far: string;
}

async function layWire(): Promise<Wire> {
  const [near, far] = [`bench-bfd-${process.pid}-near`, `bench-bfd-${process.pid}-far`] as const;
  const ip = (namespace: string, ...args: readonly string[]) => run("ip", ["-n", namespace, ...args]);
  for (const name of [near, far]) await run("ip", ["netns", "add", name]);
  await run("ip", ["link", "add", WIRE, "netns", near, "type", "veth", "peer", "name", WIRE, "netns", far]);
  for (const [name, address] of [
    [near, HERALD],
    [far, ROUTER],
  ] as const) {
    await ip(name, "addr", "add", `${address}/24`, "dev", WIRE);
    await ip(name, "link", "set", WIRE, "up");
  }
  return {
    near,
    far,
    async [Symbol.asyncDispose]() {
      for (const name of [near, far]) await run("ip", ["netns", "delete", name]);
    },
  };
}

function sessionEvery(intervalMs: number): DesiredSession {
  return {
    local: HERALD,
    remote: ROUTER,
    interface: WIRE,
    isMultihop: false,
    profile: {
      receiveIntervalMs: intervalMs,
      transmitIntervalMs: intervalMs,
      detectMultiplier: MULTIPLIER,
      echoIntervalMs: undefined,
      isPassive: false,
      minimumTtl: 254,
    },
  };
}

function startRouter({ far }: Wire, intervalMs: number): Promise<Bfdd> {
  const interval = [`receive-interval ${intervalMs}`, `transmit-interval ${intervalMs}`];
  return startBfdd({
    namespace: far,
    configuration: [`peer ${HERALD}`, ...interval, `detect-multiplier ${MULTIPLIER}`, "no shutdown", "exit"],
    isRealtime: true,
  });
}

/** Waits until both are up, and send as often as they have agreed. */
async function settled(herald: BfdHost, router: Bfdd, intervalMs: number, since: number): Promise<void> {
  await herald.reported("up", ({ state }) => state === "up", { since });
  await until("the intervals were agreed on", async () => {
    const peer = await router.peerIs(HERALD, "up");
    return peer["remote-transmit-interval"] === intervalMs;
  });
  await pass(2 * MULTIPLIER * intervalMs);
}

async function detection(wire: Wire, intervalMs: number, count: number): Promise<Result[]> {
  await using router = await startRouter(wire, intervalMs);
  const byHerald: number[] = [];
  const byRouter: number[] = [];
  let herald = await startBfd(wire.near);
  try {
    herald.apply([sessionEvery(intervalMs)]);
    await settled(herald, router, intervalMs, 0);
    for (let i = 0; i < count; i++) {
      const stoppedAt = monotonicMs();
      router.kill("SIGSTOP");
      const down = await herald.reported("down", ({ state }) => state === "down", { since: stoppedAt });
      byHerald.push(down.at - stoppedAt);
      router.kill("SIGCONT");
      await settled(herald, router, intervalMs, down.at);

      const before = router.downs().length;
      const killedAt = performance.timeOrigin + performance.now();
      herald.kill("SIGKILL");
      byRouter.push((await until("FRR logged down", () => router.downs()[before])) - killedAt);
      await herald[Symbol.asyncDispose]();
      herald = await startBfd(wire.near);
      herald.apply([sessionEvery(intervalMs)]);
      await settled(herald, router, intervalMs, 0);
    }
  } finally {
    await herald[Symbol.asyncDispose]();
  }
  const goal = `<= ${intervalMs * MULTIPLIER}`;
  const what = `${intervalMs} ms x ${MULTIPLIER}`;
  return [
    result(`${what}: Herald notices a stopped bfdd, p50 of ${count}`, percentile(byHerald, 0.5), "ms", goal),
    result(`${what}: Herald notices a stopped bfdd, max`, Math.max(...byHerald), "ms"),
    result(`${what}: bfdd notices a killed Herald, p50 of ${count}`, percentile(byRouter, 0.5), "ms", goal),
    result(`${what}: bfdd notices a killed Herald, max`, Math.max(...byRouter), "ms"),
  ];
}

async function soak(wire: Wire, scheduling: BfdScheduling, seconds: number): Promise<Result[]> {
  await using router = await startRouter(wire, SOAK_INTERVAL_MS);
  await using herald = await startBfd(wire.near, scheduling);
  herald.apply([sessionEvery(SOAK_INTERVAL_MS)]);
  await settled(herald, router, SOAK_INTERVAL_MS, 0);
  const load = Array.from({ length: BUSY_PROCESSES }, () =>
    spawn("setpriv", ["--pdeathsig", "KILL", "sh", "-c", SPIN]),
  );
  const before = router.downs().length;
  const since = monotonicMs();
  await pass(seconds * 1_000);
  for (const process of load) process.kill("SIGKILL");
  const flaps = herald.reports.filter(({ at, state }) => at > since && state === "down").length;
  const what = `${SOAK_INTERVAL_MS} ms x ${MULTIPLIER}, ${BUSY_PROCESSES} busy processes, ${seconds} s, Herald ${scheduling}`;
  const goal = scheduling === "preferred" ? "0" : undefined;
  return [
    result(`${what}: falls that Herald saw`, flaps, "falls", goal),
    result(`${what}: falls that bfdd saw`, router.downs().length - before, "falls", goal),
  ];
}

function result(name: string, value: number, unit: string, goal?: string): Result {
  return { suite: "bfd", name, value, unit, goal };
}
