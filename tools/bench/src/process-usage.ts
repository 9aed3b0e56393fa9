import { readFileSync } from "node:fs";

/** Ticks of utime and stime in /proc: USER_HZ, which is 100 on every Linux that Node runs on. */
const TICKS_PER_SECOND = 100;

/** Processor time that a process has used, in seconds, all its threads together. */
export function cpuSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  // The command's name, in parentheses, may hold blanks: count from behind it (proc(5): utime is field 14).
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

/** A process's memory, in MB (10⁶ bytes). */
export interface Memory {
  /** All that is resident: VmRSS. */
  readonly residentMb: number;
  /** Its part that belongs to no file: RssAnon. */
  readonly ownMb: number;
}

/** The memory of a process, all its threads together. */
export function memoryOf(pid: number): Memory {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  const megabytes = (field: string) =>
    (Number(new RegExp(`^${field}:\\s+(\\d+) kB$`, "m").exec(status)?.[1]) * 1024) / 1e6;
  return { residentMb: megabytes("VmRSS"), ownMb: megabytes("RssAnon") };
}
