import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import type { Rule } from "./rules.ts";
import type { Verdict } from "./verdict.ts";

/** One run, by name. */
export interface Run {
  readonly fault: string;
  readonly seed: number;
}

/** Settings of all runs. */
export interface BatchOptions {
  readonly lan: boolean;
  readonly without: readonly Rule[];
}

/** What a worker is given. */
export interface Batch {
  readonly runs: readonly Run[];
  readonly options: BatchOptions;
}

/** So many runs, spread over the classes: each class gets every seed in turn. */
export function spread(classes: readonly string[], count: number, first = 0): readonly Run[] {
  return Array.from({ length: count }, (_, i) => ({
    fault: classes[i % classes.length] as string,
    seed: first + Math.floor(i / classes.length),
  }));
}

/** Plays the runs on all processors; the order of the verdicts is that of the runs. */
export async function playAll(runs: readonly Run[], options: BatchOptions): Promise<readonly Verdict[]> {
  const workers = Math.min(availableParallelism(), runs.length);
  const shares = Array.from({ length: workers }, (_, worker) => runs.filter((_run, i) => i % workers === worker));
  const played = await Promise.all(shares.map((share) => playShare({ runs: share, options })));
  return runs.map((_, i) => played[i % workers]?.[Math.floor(i / workers)] as Verdict);
}

function playShare(batch: Batch): Promise<readonly Verdict[]> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL("./batch-script.ts", import.meta.url), { workerData: batch });
    worker.once("message", resolve);
    worker.once("error", reject);
  });
}
