// The worker thread of `playAll`: plays its share of the runs and posts the verdicts.
import { parentPort, workerData } from "node:worker_threads";
import type { Batch } from "./batch.ts";
import { classNamed } from "./classes/all.ts";
import { judge, type Verdict } from "./verdict.ts";

// `playAll` starts nothing else with it.
const { runs, options } = workerData as Batch;
const verdicts: Verdict[] = [];
for (const { fault, seed } of runs) {
  const known = classNamed(fault);
  if (known) verdicts.push(judge(known, seed, options));
}
parentPort?.postMessage(verdicts);
