import type { LabPlan } from "./plan.ts";
import { isRunning } from "./process-id.ts";
import { type NamedProcess, readRecord, recordedLabs } from "./state.ts";

/** A lab as its record shows it. */
export interface LabStatus {
  readonly plan: LabPlan;
  readonly state: "in use" | "kept" | "crashed";
  /** Those that still run. */
  readonly processes: readonly NamedProcess[];
}

/** All labs on this machine. */
export function labs(): LabStatus[] {
  return recordedLabs().flatMap((name) => {
    const record = readRecord(name);
    if (!record) return [];
    const state = record.owner === undefined ? "kept" : isRunning(record.owner) ? "in use" : "crashed";
    return [{ plan: record.plan, state, processes: record.processes.filter(isRunning) }];
  });
}
