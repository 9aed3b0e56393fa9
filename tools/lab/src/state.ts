import { chmodSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { LabPlan } from "./plan.ts";
import type { ProcessId } from "./process-id.ts";

/** What must be known to take a lab down after whoever set it up has crashed. */
export interface LabRecord {
  readonly plan: LabPlan;
  /** The process whose end is the lab's end; absent for a lab that was left up on purpose. */
  readonly owner?: ProcessId | undefined;
  readonly processes: readonly NamedProcess[];
}

/** A process of a lab, by the name that its log file has. */
export interface NamedProcess extends ProcessId {
  readonly name: string;
  readonly host: string;
}

// Only root sets labs up. After a reboot neither the namespaces nor this folder are there.
const ROOT = "/run/herald-lab";

/** The folder of a lab's record and logs. */
export function labFolder(name: string): string {
  return join(ROOT, name);
}

/** The names of all labs that are up, or whose remains are still there. */
export function recordedLabs(): string[] {
  try {
    return readdirSync(ROOT).toSorted();
  } catch {
    return [];
  }
}

/** What is known about a lab; undefined if there is none of that name (or its record was never finished). */
export function readRecord(name: string): LabRecord | undefined {
  try {
    return JSON.parse(readFileSync(join(labFolder(name), "lab.json"), "utf8")) as LabRecord;
  } catch {
    return undefined;
  }
}

/** Writes what is known about a lab. Synchronous, so that nothing that was started is ever unknown. */
export function writeRecord(record: LabRecord): void {
  const folder = labFolder(record.plan.name);
  mkdirSync(folder, { recursive: true });
  // Routers give up being root, and have files of their own in there.
  for (const each of [ROOT, folder]) chmodSync(each, 0o711);
  const draft = join(folder, ".lab.json");
  writeFileSync(draft, JSON.stringify(record));
  renameSync(draft, join(folder, "lab.json"));
}

/** Forgets a lab, and its logs. */
export function forgetRecord(name: string): void {
  rmSync(labFolder(name), { recursive: true, force: true });
}
