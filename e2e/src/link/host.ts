import { spawn } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Interface, InterfaceEvent, LinkErrorCode } from "@heraldlb/link";
import { systemClock } from "@heraldlb/runtime";
import type { Commands } from "./driver.ts";

/** What a driver told without being asked. Which fields there are depends on the event. */
export interface Told {
  readonly event: "frames" | "error" | "interface" | "failed" | "uncaught" | "worker";
  /** Milliseconds on the test's clock. */
  readonly heard: number;
  /** Of `frames`. */
  readonly frames?: readonly string[];
  /** Of `error`. */
  readonly code?: LinkErrorCode;
  /** Of `interface`. */
  readonly type?: InterfaceEvent["type"];
  readonly interface?: Interface;
  readonly previous?: Interface;
  /** Of `uncaught`. */
  readonly message?: string;
}

/** A driver process in a network namespace. */
export interface Host extends AsyncDisposable {
  readonly told: readonly Told[];
  /** Standard error so far. */
  readonly complaints: () => string;
  call<C extends keyof Commands>(
    command: C,
    ...args: Parameters<Commands[C]>
  ): Promise<Awaited<ReturnType<Commands[C]>>>;
  /** Asks it to end by itself; resolves with its exit code, or the signal that ended it. */
  end(): Promise<number | string>;
}

const RUN = [
  "--conditions=@heraldlb/source",
  "--disable-warning=ExperimentalWarning",
  join(import.meta.dirname, "driver.ts"),
];

/** How a driver is started. */
export interface HostOptions {
  readonly environment?: Readonly<Record<string, string>>;
  /** A command that runs the command which follows it. */
  readonly wrapper?: readonly string[];
}

/** Starts a driver. Dispose of it, or its process stays. */
export function startHost(namespace: string, { environment = {}, wrapper = [] }: HostOptions = {}): Host {
  const child = spawn("ip", ["netns", "exec", namespace, ...wrapper, process.execPath, ...RUN], {
    env: { ...process.env, ...environment },
    stdio: ["pipe", "pipe", "pipe"],
  });
  const told: Told[] = [];
  const pending = new Map<number, PromiseWithResolvers<unknown>>();
  let complaints = "";
  let calls = 0;
  const exited = new Promise<number | string>((resolve) => {
    child.on("close", (code, signal) => {
      resolve(code ?? signal ?? "lost");
      for (const { reject } of pending.values())
        reject(new Error(`the driver ended: ${code ?? signal}\n${complaints}`));
    });
  });
  child.stderr.on("data", (piece) => {
    complaints += piece;
  });
  child.stdin.on("error", () => {});
  createInterface({ input: child.stdout }).on("line", (line) => {
    const message = JSON.parse(line);
    const call = pending.get(message.id);
    pending.delete(message.id);
    if (!call) told.push({ ...message, heard: systemClock.now() });
    else if (message.error === undefined) call.resolve(message.result);
    else call.reject(Object.assign(new Error(message.error), { code: message.code }));
  });
  return {
    told,
    complaints: () => complaints,
    call: (command, ...args) => {
      const call = Promise.withResolvers<unknown>();
      pending.set(++calls, call);
      child.stdin.write(`${JSON.stringify({ id: calls, command, args })}\n`);
      return call.promise as ReturnType<Host["call"]> as never;
    },
    end: () => {
      child.stdin.end();
      return exited;
    },
    [Symbol.asyncDispose]: async () => {
      child.kill("SIGKILL");
      await exited;
    },
  };
}

/** Waits until something is so; fails with what was expected after ten seconds. */
export async function until(what: string, holds: () => boolean | Promise<boolean>, ms = 10_000): Promise<void> {
  for (const end = systemClock.now() + ms; !(await holds()); await systemClock.sleep(10)) {
    if (systemClock.now() > end) throw new Error(`not within ${ms} ms: ${what}`);
  }
}
