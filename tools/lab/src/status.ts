import type { HostPlan, LabPlan } from "./plan.ts";
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

/** A lab for people to read: its hosts and what runs in them. */
export function describeLab({ plan, state, processes }: LabStatus): string {
  return [
    `Lab ${plan.name} (${state})`,
    ...plan.hosts.map(describeHost),
    ...processes.map(({ name, host, pid }) => `  ${name.padEnd(24)} process ${pid} in ${host}`),
  ].join("\n");
}

/** A host and its addresses, in a line. */
export function describeHost({ name, interfaces }: HostPlan): string {
  const ends = interfaces.map((end) => `${end.name} ${end.mac} ${end.ipv4} ${end.ipv6}`);
  return `  ${name.padEnd(12)} ${ends.join("   ")}`;
}
