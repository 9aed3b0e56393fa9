import { existsSync, mkdtempSync } from "node:fs";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { run } from "./command.ts";
import { type LabProcess, startProcess } from "./lab-process.ts";
import { until } from "./until.ts";

/** What FRR's bfdd says of a session; the part of `show bfd peers json` that tests look at. */
export interface BfddPeer {
  readonly peer: string;
  readonly status: "up" | "down" | "init" | "shutdown";
  readonly diagnostic: string;
  readonly "remote-diagnostic": string;
  readonly "receive-interval": number;
  readonly "transmit-interval": number;
  readonly "echo-receive-interval": number;
  readonly "echo-transmit-interval": number;
  readonly "remote-receive-interval": number;
  readonly "remote-transmit-interval": number;
  readonly "remote-detect-multiplier": number;
  readonly "passive-mode": boolean;
}

/** How to run it. */
export interface BfddOptions {
  /** A network namespace. */
  readonly namespace: string;
  /** The lines of its `bfd` section, such as `peer 192.0.2.1`. */
  readonly configuration: readonly string[];
  /** Schedule it ahead of everything (SCHED_FIFO), so that it cannot be what is late. */
  readonly isRealtime?: boolean | undefined;
}

const FRR = "/usr/lib/frr";

/** FRR's zebra and bfdd in a network namespace. Disposing of it kills both. */
export class Bfdd implements AsyncDisposable {
  readonly #folder: string;
  readonly #zebra: LabProcess;
  readonly #bfdd: LabProcess;

  /** Use {@link startBfdd}. */
  constructor(folder: string, zebra: LabProcess, bfdd: LabProcess) {
    this.#folder = folder;
    this.#zebra = zebra;
    this.#bfdd = bfdd;
  }

  /** Changes the `bfd` section while it runs. */
  async configure(lines: readonly string[]): Promise<void> {
    await this.#vtysh(["configure terminal", "bfd", ...lines]);
  }

  /** Makes it log every change of a session's state to the microsecond. */
  async logPrecisely(): Promise<void> {
    await this.#vtysh(["configure terminal", "log timestamp precision 6", "debug bfd peer"]);
  }

  /** Its sessions. */
  async peers(): Promise<readonly BfddPeer[]> {
    return JSON.parse(await this.#vtysh(["show bfd peers json"])) as readonly BfddPeer[];
  }

  /** Waits until the session with an address is in a state, and returns it. */
  async peerIs(address: string, status: BfddPeer["status"], timeoutMs = 10_000): Promise<BfddPeer> {
    return await until(
      `bfdd's session with ${address} was ${status}`,
      async () => (await this.peers()).find((peer) => peer.peer === address && peer.status === status),
      { timeoutMs },
    );
  }

  /** What a session has counted: the part of `show bfd peers counters json` about it. */
  async counters(address: string): Promise<Readonly<Record<string, number>>> {
    const text = await this.#vtysh(["show bfd peers counters json"]);
    const all = JSON.parse(text) as readonly { readonly peer: string }[];
    return (all.find(({ peer }) => peer === address) ?? {}) as Readonly<Record<string, number>>;
  }

  /** Sends bfdd a signal. */
  kill(signal: NodeJS.Signals): void {
    this.#bfdd.kill(signal);
  }

  /** What it has logged. */
  log(): string {
    return this.#bfdd.log();
  }

  /** When sessions went down, in milliseconds since the epoch, oldest first. */
  downs(): readonly number[] {
    const lines = this.log().matchAll(/^(\S+) (\S+) BFD: .*state-change: .* up -> down/gm);
    return Array.from(lines, ([, date, time]) => Date.parse(`${date?.replaceAll("/", "-")}T${time}Z`));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#bfdd[Symbol.asyncDispose]();
    await this.#zebra[Symbol.asyncDispose]();
    await rm(this.#folder, { recursive: true, force: true });
  }

  async #vtysh(commands: readonly string[]): Promise<string> {
    return await run("vtysh", ["--vty_socket", this.#folder, ...commands.flatMap((command) => ["-c", command])]);
  }
}

/** Starts FRR's zebra and bfdd (Debian package frr). */
export async function startBfdd({ namespace, configuration, isRealtime = false }: BfddOptions): Promise<Bfdd> {
  const folder = mkdtempSync(join(tmpdir(), "herald-bfdd-"));
  // zebra insists on it, wherever its sockets are.
  await run("install", ["-d", "-o", "frr", "-g", "frr", "/var/run/frr"]);
  await run("chown", ["frr:frr", folder]);
  const daemon = (name: string, args: readonly string[]): readonly [string, ...string[]] => [
    join(FRR, name),
    ...["-A", "127.0.0.1", "-P", "0", "-f", "/dev/null"],
    ...["-z", join(folder, "zebra.sock"), "--vty_socket", folder, "-i", join(folder, `${name}.pid`)],
    ...args,
  ];
  const zebra = startProcess(namespace, join(folder, "zebra.log"), daemon("zebra", []), { name: "zebra" });
  // bfdd that does not find zebra at once tries again after 10 s only.
  await until("zebra listened", () => existsSync(join(folder, "zebra.sock")));
  const command = daemon("bfdd", ["--bfdctl", join(folder, "bfdd.sock"), "--log", "stdout", "--log-level", "debug"]);
  const scheduled: readonly [string, ...string[]] = isRealtime ? ["chrt", "-f", "50", ...command] : command;
  const bfdd = new Bfdd(folder, zebra, startProcess(namespace, join(folder, "bfdd.log"), scheduled, { name: "bfdd" }));
  try {
    await until("bfdd answered", async () => (await bfdd.peers()).length >= 0);
    await bfdd.logPrecisely();
    if (configuration.length > 0) await bfdd.configure(configuration);
    return bfdd;
  } catch (error) {
    const said = bfdd.log();
    await bfdd[Symbol.asyncDispose]();
    throw new Error(`bfdd did not start: ${said}`, { cause: error });
  }
}
