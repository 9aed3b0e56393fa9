import { spawnSync } from "node:child_process";
import { LabError } from "./lab.ts";
import { namespaceOf } from "./plan.ts";
import { labs } from "./status.ts";

/**
 * Runs a command in a host or a switch of a lab that is up, whoever set it up, on this process's terminal; returns its
 * exit code. Throws a {@link LabError} if there is no such lab or member.
 */
export function runInside(lab: string, member: string, command: readonly string[]): number {
  const plan = labs().find((status) => status.plan.name === lab)?.plan;
  if (!plan) throw new LabError(`There is no lab ${lab}: set it up first, with \`up\`.`);
  const members = [...plan.hosts.map(({ name }) => name), ...plan.switches.map(({ network }) => network)];
  if (!members.includes(member)) throw new LabError(`Lab ${lab} has no "${member}", only ${members.join(", ")}.`);
  const { status } = spawnSync("ip", ["netns", "exec", namespaceOf(lab, member), ...command], { stdio: "inherit" });
  return status ?? 1;
}
