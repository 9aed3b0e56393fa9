import { type Host, type LabProcess, until } from "@heraldlb/lab";
import type { Ipv4 } from "@heraldlb/net";
import { compile } from "./native.ts";
import { cpuSeconds, memoryOf } from "./process-usage.ts";
import type { Result } from "./result.ts";
import { ownerOf, type Site, setUp, writeServices } from "./site.ts";
import { percentile, round } from "./statistics.ts";

/** How much is measured. */
export interface AnswersOptions {
  readonly requests: number;
  readonly rounds: number;
  readonly seconds: number;
}

interface Latency {
  readonly answered: number;
  readonly p50Us: number;
  readonly p99Us: number;
}

interface Flood {
  readonly sent: number;
  readonly answered: number;
}

/** Addresses of the C responder; Herald is never given that many. */
const YARDSTICK = { first: "10.64.62.1" as Ipv4, count: 256 };
const SIZES = [1, 10_000] as const;
const RATES = [10_000, 50_000, 100_000] as const;
const SETTLE_MS = 3000;

/**
 * ARP answers: latency at 1 and 10,000 addresses beside a C program on AF_PACKET and the kernel's own reply, each asked in
 * turn in the same rounds; then answers and processor time at fixed rates; and the speaker's memory.
 */
export async function answers({ requests, rounds, seconds }: AnswersOptions): Promise<Result[]> {
  await using site = await setUp({ name: "bench-answers", nodes: 3 });
  const { lab, herald, client } = site;
  const [node, yardstickHost, kernelHost] = lab.nodes as [Host, Host, Host];
  const requester = compile("arp-requester", lab.folder);
  const responder = compile("arp-responder", lab.folder);
  const yardstick = yardstickHost.start([responder, "lan0", YARDSTICK.first, `${YARDSTICK.count}`], {
    name: "arp-responder",
  });
  await yardstick.logged(/ready/);

  async function ask<T>(first: Ipv4, count: number, ...how: string[]): Promise<T> {
    const output = await client.exec([requester, "lan0", client.ipv4, first, `${count}`, ...how], {
      timeoutMs: 120_000,
    });
    return JSON.parse(output) as T;
  }

  const results: Result[] = [];
  await herald.startController();
  for (const size of SIZES) {
    writeServices(site, size, ["ipv4"]);
    const first = await firstAddress(site, size);
    if (size === SIZES[0]) herald.startSpeaker(node);
    const speaker = herald.speaker(node);
    await herald.ready(node, speaker);
    await ownerOf(site, first);
    await allAnswered(first, size, (...args) => ask<Flood>(...args));
    await settle();
    const { residentMb } = memoryOf(speaker.id.pid);
    results.push(result(`speaker's memory at ${size} addresses, after a flood`, residentMb, "MB"));

    const mine: Latency[] = [];
    const c: Latency[] = [];
    const kernel: Latency[] = [];
    for (let i = 0; i < rounds; i++) {
      mine.push(await ask<Latency>(first, size, "latency", `${requests}`));
      c.push(await ask<Latency>(YARDSTICK.first, YARDSTICK.count, "latency", `${requests}`));
      kernel.push(await ask<Latency>(kernelHost.ipv4, 1, "latency", `${requests}`));
    }
    for (const key of ["p50Us", "p99Us"] as const) {
      const [herald, program, floor] = [mine, c, kernel].map((all) =>
        percentile(
          all.map((one) => one[key]),
          0.5,
        ),
      );
      const name = `ARP answer ${key.slice(0, 3)} at ${size} addresses`;
      const beside = `C ${round(program ?? 0)} us (ratio ${round((herald ?? 0) / (program ?? 1))}), kernel ${round(floor ?? 0)} us`;
      results.push(result(name, herald ?? Number.NaN, "us", key === "p50Us" ? "<= 2 x C" : undefined, beside));
    }
    for (const rate of RATES) {
      const own = await loaded(speaker, seconds, () => ask<Flood>(first, size, "flood", `${rate}`, `${seconds}`));
      const other = await loaded(yardstick, seconds, () =>
        ask<Flood>(YARDSTICK.first, YARDSTICK.count, "flood", `${rate}`, `${seconds}`),
      );
      const beside = `C ${round(other.perSecond)} /s, ${round(other.cpu)} % of a core`;
      results.push(result(`answers at ${rate} requests/s, ${size} addresses`, own.perSecond, "/s", undefined, beside));
      results.push(
        result(`processor at ${rate} requests/s, ${size} addresses`, own.cpu, "% of a core", undefined, beside),
      );
    }
  }
  return results;
}

/** The first address, once all Services have theirs. The lab's range is given in order, from its start. */
async function firstAddress({ herald }: Site, size: number): Promise<Ipv4> {
  await herald.given(`service-${size - 1}`, 1, { timeoutMs: 120_000 });
  const [first] = await herald.given("service-0", 1);
  return first as Ipv4;
}

/** Waits until the speaker answers for every address: it may still be announcing the last of them. */
async function allAnswered(
  first: Ipv4,
  size: number,
  ask: (first: Ipv4, count: number, ...how: string[]) => Promise<Flood>,
): Promise<void> {
  await until(
    `all ${size} addresses were answered for`,
    async () => {
      const { sent, answered } = await ask(first, size, "flood", `${Math.max(1000, size)}`, "1");
      return answered === sent;
    },
    { timeoutMs: 60_000, everyMs: 500 },
  );
}

async function loaded(
  { id: { pid } }: LabProcess,
  seconds: number,
  flood: () => Promise<Flood>,
): Promise<{ readonly perSecond: number; readonly cpu: number }> {
  const before = cpuSeconds(pid);
  const { answered } = await flood();
  return { perSecond: answered / seconds, cpu: (100 * (cpuSeconds(pid) - before)) / seconds };
}

async function settle(): Promise<void> {
  const start = performance.now();
  await until("the process had settled", () => performance.now() - start > SETTLE_MS, { everyMs: 100 });
}

function result(name: string, value: number, unit: string, goal?: string, beside?: string): Result {
  return { suite: "answers", name, value, unit, goal, beside };
}
