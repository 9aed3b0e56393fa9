import { readFileSync } from "node:fs";

/** What tells this process of a node from earlier and later ones. */
export interface ProcessFacts {
  /** The kernel's boot id: another one after every boot. */
  readonly bootId: string;
  /** When the process started, in milliseconds since the boot. */
  readonly startedAtMs: number;
}

// USER_HZ, the unit of times in /proc, is 100 on every architecture that Node runs on.
const MS_PER_TICK = 10;

/** Reads the facts from /proc. Throws if it is not mounted. */
export function readProcessFacts(): ProcessFacts {
  return {
    bootId: readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim(),
    startedAtMs: startOf(readFileSync("/proc/self/stat", "utf8")) * MS_PER_TICK,
  };
}

/** The start time in a line of /proc/PID/stat (proc_pid_stat(5), field 22), in ticks. The second field, the name, may hold anything. */
export function startOf(stat: string): number {
  const afterName = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const start = Number(afterName[19]);
  if (!Number.isSafeInteger(start)) throw new Error("/proc/self/stat has no start time");
  return start;
}
