import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { run } from "@heraldlb/lab";
import { readPcap } from "./pcap.ts";

/** Two Linux network stacks joined by a wire, with a capture of all that goes over it. */
export interface TwoHosts extends AsyncDisposable {
  /** Runs a command in the first host's or the second's namespace. */
  exec(host: "a" | "b", ...command: readonly [string, ...string[]]): Promise<string>;
  /** Ends the capture. */
  stop(): Promise<Uint8Array[]>;
}

/** The interface that the wire is plugged into, on both hosts. */
export const PORT = "wire0";

/** The MACs of the two ports. */
const MACS = { a: "02:00:00:00:00:0a", b: "02:00:00:00:00:0b" } as const;

/** Makes the hosts, up and without addresses of ours, and starts the capture. Needs root, iproute2 and tcpdump. */
export async function twoHosts(): Promise<TwoHosts> {
  const namespace = { a: `codecs-${process.pid}-a`, b: `codecs-${process.pid}-b` };
  const folder = await mkdtemp(join(tmpdir(), "herald-codecs-"));
  const file = join(folder, "wire.pcap");
  let capture: ChildProcess | undefined;

  const exec: TwoHosts["exec"] = (host, ...command) => run("ip", ["netns", "exec", namespace[host], ...command]);

  async function end(): Promise<void> {
    if (!capture || capture.exitCode !== null || capture.signalCode !== null) return;
    const ended = once(capture, "exit");
    capture.kill("SIGINT");
    await ended;
  }

  async function dispose(): Promise<void> {
    await end();
    for (const name of Object.values(namespace)) await run("ip", ["netns", "delete", name]).catch(() => {});
    await rm(folder, { recursive: true });
  }

  try {
    await run("ip", ["netns", "add", namespace.a]);
    await run("ip", ["netns", "add", namespace.b]);
    const [a, b] = (["a", "b"] as const).map((host) => ["name", PORT, "netns", namespace[host], "address", MACS[host]]);
    await run("ip", ["link", "add", ...(a ?? []), "type", "veth", "peer", ...(b ?? [])]);
    for (const host of ["a", "b"] as const) await exec(host, "ip", "link", "set", PORT, "up");
    capture = spawn("ip", [
      "netns",
      "exec",
      namespace.a,
      "tcpdump",
      "-i",
      PORT,
      "-w",
      file,
      "--immediate-mode",
      "-U",
      "-Z",
      "root",
    ]);
    await listening(capture);
    return {
      exec,
      async stop() {
        await end();
        return readPcap(await readFile(file));
      },
      [Symbol.asyncDispose]: dispose,
    };
  } catch (cause) {
    await dispose();
    throw cause;
  }
}

/** Waits for tcpdump to say that it has begun. */
function listening(capture: ChildProcess): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  let said = "";
  capture.stderr?.setEncoding("utf8").on("data", (text: string) => {
    said += text;
    if (said.includes("listening on")) resolve();
  });
  const fail = (cause: unknown) =>
    reject(new Error(`tcpdump did not start (Debian package tcpdump; npm run setup installs it): ${said}`, { cause }));
  capture.once("error", fail).once("close", fail);
  return promise;
}
