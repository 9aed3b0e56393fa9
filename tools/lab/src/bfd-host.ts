import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import type { BfdReport, BfdStatistics, DesiredSession } from "@heraldlb/speaker";
import { scriptCommand } from "./script.ts";
import { until } from "./until.ts";

/** A report of Herald's BFD, and when it was made, by `monotonicMs`. */
export interface TimedReport extends BfdReport {
  readonly at: number;
}

type Told =
  | { readonly at: number; readonly type: "ready" }
  | { readonly at: number; readonly type: "report"; readonly report: BfdReport }
  | { readonly at: number; readonly type: "statistics"; readonly statistics: readonly BfdStatistics[] };

/** Herald's BFD in a process of its own in a network namespace. Disposing of it kills it. */
export class BfdHost implements AsyncDisposable {
  readonly reports: TimedReport[] = [];
  readonly #child: ChildProcessByStdio<Writable, Readable, Readable>;
  readonly #statistics: (readonly BfdStatistics[])[] = [];
  #isReady = false;
  #said = "";

  /** Use {@link startBfd}. */
  constructor(child: ChildProcessByStdio<Writable, Readable, Readable>) {
    this.#child = child;
    createInterface({ input: child.stdout }).on("line", (line) => this.#hear(JSON.parse(line) as Told));
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      this.#said += text;
    });
  }

  get isReady(): boolean {
    return this.#isReady;
  }

  /** What it has logged. */
  log(): string {
    return this.#said;
  }

  /** Makes its sessions what the list says. */
  apply(sessions: readonly DesiredSession[]): void {
    this.#child.stdin.write(`${JSON.stringify(sessions)}\n`);
  }

  async statistics(): Promise<readonly BfdStatistics[]> {
    const before = this.#statistics.length;
    this.#child.stdin.write("statistics\n");
    return await until("statistics came", () => this.#statistics[before]);
  }

  /** Waits for a report made after `since` that the function accepts. */
  async reported(
    what: string,
    accepts: (report: TimedReport) => boolean,
    { since = 0, timeoutMs = 10_000 }: { readonly since?: number; readonly timeoutMs?: number } = {},
  ): Promise<TimedReport> {
    try {
      return await until(
        `Herald reported ${what}`,
        () => this.reports.find((report) => report.at > since && accepts(report)),
        { timeoutMs, everyMs: 5 },
      );
    } catch (cause) {
      throw new Error(`Herald never reported ${what}; it said: ${this.#said.slice(-2_000)}`, { cause });
    }
  }

  /** Ends it in an orderly way. */
  async close(): Promise<void> {
    const exited = once(this.#child, "exit");
    this.#child.stdin.write("close\n");
    await exited;
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exited = once(this.#child, "exit");
    this.#child.kill("SIGKILL");
    await exited;
  }

  #hear(told: Told): void {
    if (told.type === "ready") this.#isReady = true;
    else if (told.type === "report") this.reports.push({ ...told.report, at: told.at });
    else this.#statistics.push(told.statistics);
  }
}

/** How Herald's BFD shares the processors with others. */
export type BfdScheduling = "usual" | "preferred";

/** Starts Herald's BFD in a network namespace; without sessions, it does nothing yet. */
export async function startBfd(namespace: string, scheduling: BfdScheduling = "usual"): Promise<BfdHost> {
  const command = [
    "--pdeathsig",
    "KILL",
    "ip",
    "netns",
    "exec",
    namespace,
    ...scriptCommand("bfd-script", [scheduling]),
  ];
  // In a session of its own, as a service is: Linux shares the processors out among sessions first, and only within one
  // among its processes, so that busy relatives would be at its expense.
  const host = new BfdHost(spawn("setpriv", command, { stdio: ["pipe", "pipe", "pipe"], detached: true }));
  await until("Herald's BFD had started", () => host.isReady);
  return host;
}
