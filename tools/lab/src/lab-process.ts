import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, fstatSync, openSync, readFileSync } from "node:fs";
import type { Readable } from "node:stream";
import { systemClock } from "@heraldlb/runtime";
import { identify, type ProcessId, signalProcess } from "./process-id.ts";
import { type UntilOptions, until } from "./until.ts";

/** How a process ended. */
export interface Exit {
  readonly code: number | undefined;
  readonly signal: NodeJS.Signals | undefined;
}

/** How to start a process that stays. */
export interface StartOptions {
  /** Names the log file; with a second process of the same name the log goes on. */
  readonly name: string;
  readonly env?: Readonly<Record<string, string>> | undefined;
  /** It outlives the process that starts it. Otherwise the kernel kills it when that one ends, however it ends. */
  readonly keep?: boolean | undefined;
  /** `pipe`: to `stdout`, for whoever starts it to read. Default: to the log, like standard error. */
  readonly output?: "log" | "pipe" | undefined;
}

const STOP_LIMIT_MS = 8_000;

/** A process that runs in a host of the lab. Disposing of it kills it. */
export class LabProcess implements AsyncDisposable {
  readonly name: string;
  /** The command's own process id, not that of a wrapper. */
  readonly id: ProcessId;
  readonly logFile: string;
  /** What it prints, with `output: "pipe"`. */
  readonly stdout: Readable | undefined;
  readonly #child: ChildProcess;
  readonly #logStart: number;
  readonly #exited: Promise<Exit>;
  #exit: Exit | undefined;

  /** Takes over a process that {@link startProcess} has just started; its log begins at `logStart` in the file. */
  constructor(
    child: ChildProcess,
    name: string,
    { logFile, logStart }: { readonly logFile: string; readonly logStart: number },
  ) {
    if (child.pid === undefined) throw new Error(`could not start ${name}`);
    this.name = name;
    this.logFile = logFile;
    this.#logStart = logStart;
    this.stdout = child.stdout ?? undefined;
    this.id = identify(child.pid) ?? { pid: child.pid, startTicks: -1 };
    this.#child = child;
    this.#exited = new Promise((resolve) => {
      child.once("exit", (code, signal) => {
        this.#exit = { code: code ?? undefined, signal: signal ?? undefined };
        resolve(this.#exit);
      });
    });
  }

  /** How it ended; undefined while it runs. */
  get exit(): Exit | undefined {
    return this.#exit;
  }

  /** How it will have ended. */
  get exited(): Promise<Exit> {
    // One that is kept does not hold up the end of whoever started it, except to wait for it.
    if (!this.#exit) this.#child.ref();
    return this.#exited;
  }

  /** All that it has written to the log; what earlier processes of the same name wrote is only in the file. */
  log(): string {
    return readFileSync(this.logFile).subarray(this.#logStart).toString();
  }

  /** Waits until the log has a match. */
  async logged(pattern: RegExp, options?: UntilOptions): Promise<void> {
    await until(
      `${this.name} logged ${pattern}`,
      () => {
        if (this.#exit && !pattern.test(this.log())) throw new Error(`${this.name} ended: ${this.log().slice(-2000)}`);
        return pattern.test(this.log());
      },
      options,
    );
  }

  /** Sends a signal. `SIGSTOP` and `SIGCONT` pause it and let it go on. */
  kill(signal: NodeJS.Signals): void {
    if (!this.#exit) signalProcess(this.id, signal);
  }

  /** Asks it to end with SIGTERM; kills it if it has not ended after 8 s. */
  async stop(): Promise<Exit> {
    this.kill("SIGTERM");
    using _limit = systemClock.timer(STOP_LIMIT_MS, () => this.kill("SIGKILL"));
    return await this.exited;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.kill("SIGKILL");
    await this.exited;
  }
}

/**
 * Starts a command in a network namespace. Every wrapper execs the next program, so the process id is the command's, and
 * a signal reaches it and nobody else.
 */
export function startProcess(
  namespace: string,
  logFile: string,
  [command, ...args]: readonly [string, ...string[]],
  { name, env = {}, keep = false, output = "log" }: StartOptions,
): LabProcess {
  const inside = ["ip", "netns", "exec", namespace, command, ...args] as const;
  const [program, ...rest] = keep ? inside : (["setpriv", "--pdeathsig", "KILL", ...inside] as const);
  const log = openSync(logFile, "a");
  const logStart = fstatSync(log).size;
  try {
    const child = spawn(program, rest, {
      stdio: ["ignore", output === "pipe" ? "pipe" : log, log],
      env: { ...process.env, ...env },
      detached: keep,
    });
    // Without a listener a failed start would be an uncaught exception; the constructor sees it too.
    child.on("error", () => {});
    if (keep) child.unref();
    return new LabProcess(child, name, { logFile, logStart });
  } finally {
    closeSync(log);
  }
}
