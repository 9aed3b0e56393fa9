import { readdirSync, readFileSync, readlinkSync, statSync } from "node:fs";

/** A process that is meant, and not another one that got its number later. */
export interface ProcessId {
  readonly pid: number;
  /** Clock ticks from the machine's start to the process's. */
  readonly startTicks: number;
}

/** Who has this number now; undefined if nobody, or only a zombie. */
export function identify(pid: number): ProcessId | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The second field is the command's name in parentheses, and may itself contain both blanks and parentheses.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    const startTicks = Number(fields[19]);
    return fields[0] === "Z" || !Number.isFinite(startTicks) ? undefined : { pid, startTicks };
  } catch {
    return undefined;
  }
}

/** Whether that very process still runs. */
export function isRunning({ pid, startTicks }: ProcessId): boolean {
  return identify(pid)?.startTicks === startTicks;
}

/** Sends a signal to that very process; does nothing if it has gone. */
export function signalProcess(target: ProcessId, signal: NodeJS.Signals): void {
  if (!isRunning(target)) return;
  try {
    process.kill(target.pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

/** All processes inside these network namespaces (names under `/run/netns`). */
export function processesIn(namespaces: readonly string[]): ProcessId[] {
  const inodes = new Set(namespaces.map(namespaceInode));
  inodes.delete(undefined);
  if (inodes.size === 0) return [];
  return readdirSync("/proc")
    .filter((entry) => /^\d+$/.test(entry))
    .map(Number)
    .filter((pid) => inodes.has(networkNamespaceOf(pid)))
    .flatMap((pid) => identify(pid) ?? []);
}

function namespaceInode(namespace: string): number | undefined {
  return statSync(`/run/netns/${namespace}`, { throwIfNoEntry: false })?.ino;
}

function networkNamespaceOf(pid: number): number | undefined {
  try {
    return Number(/\d+/.exec(readlinkSync(`/proc/${pid}/ns/net`))?.[0]);
  } catch {
    return undefined;
  }
}
