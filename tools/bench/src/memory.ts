import { until } from "@heraldlb/lab";
import { memoryOf } from "./process-usage.ts";
import type { Result } from "./result.ts";
import { setUp, writeServices } from "./site.ts";

const SIZES = [1, 10_000] as const;
const GOAL_MB = { 1: "<= 75", 10000: "<= 90" } as const;
// V8 collects what a burst left behind some ten seconds later; soon after that the speaker gives it back.
const SETTLE_MS = 20_000;

/**
 * A speaker's resident memory at 1 and 10,000 addresses, all of which it owns, once it has nothing more to do; and the
 * part of it that is the process's own, not pages of files that others of the machine may share.
 */
export async function memory(): Promise<Result[]> {
  await using site = await setUp({ name: "bench-memory", nodes: 1 });
  const { lab, herald } = site;
  const [node] = lab.nodes;
  if (!node) throw new RangeError("a lab without nodes");
  await herald.startController();
  const results: Result[] = [];
  for (const size of SIZES) {
    writeServices(site, size, ["ipv4"]);
    await herald.given(`service-${size - 1}`, 1, { timeoutMs: 120_000 });
    if (size === SIZES[0]) herald.startSpeaker(node);
    const speaker = herald.speaker(node);
    await herald.ready(node, speaker);
    await until(`the speaker owned ${size} groups`, async () => ownedGroups(await herald.metrics(node)) === size, {
      timeoutMs: 60_000,
      everyMs: 500,
    });
    const start = performance.now();
    await until("the process had settled", () => performance.now() - start > SETTLE_MS, {
      timeoutMs: 2 * SETTLE_MS,
      everyMs: 100,
    });
    const { residentMb, ownMb } = memoryOf(speaker.id.pid);
    const beside = `${ownMb.toFixed(1)} MB its own`;
    const name = `speaker's memory at ${size} addresses`;
    results.push({ suite: "memory", name, value: residentMb, unit: "MB", goal: GOAL_MB[size], beside });
  }
  return results;
}

const ownedGroups = (metrics: string): number =>
  Number(/^herald_speaker_holdings\{state="owner"\} (\d+)$/m.exec(metrics)?.[1]);
