import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Ip } from "@heraldlb/net";
import { parseIp } from "@heraldlb/net";
import type { Host } from "./host.ts";
import type { Lab } from "./lab.ts";
import type { LabProcess } from "./lab-process.ts";
import { type UntilOptions, until } from "./until.ts";

/** How to start a controller. */
export interface ControllerOptions {
  /** Default: the lab's first one. */
  readonly host?: Host | undefined;
  /** Default `["--insecure"]`. */
  readonly args?: readonly string[] | undefined;
  /** How long it may take to be ready. Default 10 s. */
  readonly timeoutMs?: number | undefined;
}

/** How to start a speaker. */
export interface SpeakerOptions {
  /** Its way to send and receive frames. Default: Herald's own default. */
  readonly frames?: "packet" | "pcap" | undefined;
  /** The Node that it speaks for. Default: the host's own name. */
  readonly node?: string | undefined;
  /** Default `["--insecure"]`. */
  readonly args?: readonly string[] | undefined;
  /** Arguments of mount(8): mounts that only this process sees. */
  readonly mounts?: readonly (readonly string[])[] | undefined;
}

/** How to run Herald in a lab. */
export interface DeploymentOptions {
  /** Nice value of every process, for runs that must not depend on what else the machine does. Default 0. */
  readonly nice?: number | undefined;
  /** The controllers' arguments that say where their configuration is. Default: the folder of manifests. */
  readonly source?: readonly string[] | undefined;
}

/** The port that controllers listen on. */
export const STREAM_PORT = 7600;
const METRICS_PORT = 9120;

const BINARIES = fileURLToPath(new URL("../../../node_modules/.bin", import.meta.url));

/** The path of one of Herald's commands, as `npm run setup` left it. */
export function heraldCommand(name: "herald" | "herald-controller" | "herald-speaker"): string {
  return join(BINARIES, name);
}

/** Herald in a lab: a folder of manifests, controllers on their hosts, a speaker on each node. */
export class Deployment {
  readonly lab: Lab;
  /** The controllers' `--source file:…`. */
  readonly folder: string;
  readonly #nice: number;
  readonly #source: readonly string[];
  readonly #controllers = new Map<string, LabProcess>();
  readonly #speakers = new Map<string, LabProcess>();

  constructor(lab: Lab, { nice = 0, source }: DeploymentOptions = {}) {
    this.lab = lab;
    this.#nice = nice;
    this.folder = join(lab.folder, "manifests");
    this.#source = source ?? ["--source", `file:${this.folder}`];
    mkdirSync(this.folder, { recursive: true });
  }

  /** Writes a manifest file in one step, or replaces it. */
  write(file: string, text: string): void {
    const path = join(this.folder, file);
    mkdirSync(dirname(path), { recursive: true });
    const draft = join(dirname(path), ".draft");
    writeFileSync(draft, text);
    renameSync(draft, path);
  }

  /** Deletes a manifest file. */
  remove(file: string): void {
    rmSync(join(this.folder, file));
  }

  /** The addresses that a Service has been given, IPv4 first; empty while it has none. */
  addresses(service: string, namespace = "default"): Ip[] {
    try {
      const status = readFileSync(join(this.folder, ".herald", "status", namespace, `${service}.yaml`), "utf8");
      return [...status.matchAll(/\bip: *["']?([0-9a-f.:]+)/g)].flatMap(([, text = ""]) => parseIp(text) ?? []);
    } catch {
      return [];
    }
  }

  /** Waits until a Service has been given `count` addresses. */
  async given(service: string, count: number, options?: UntilOptions): Promise<Ip[]> {
    return await until(
      `${service} had ${count} addresses`,
      () => {
        const addresses = this.addresses(service);
        return addresses.length === count && addresses;
      },
      options,
    );
  }

  /** Starts a controller and waits until it says that it is ready. */
  async startController({
    host = this.#firstController(),
    args = ["--insecure"],
    timeoutMs,
  }: ControllerOptions = {}): Promise<LabProcess> {
    const listen = ["--listen", `${host.ipv4}:${STREAM_PORT}`];
    const command = this.#command("herald-controller", [...this.#source, ...listen, ...args]);
    const controller = host.start(command, { name: host.name });
    this.#controllers.set(host.name, controller);
    await this.ready(host, controller, { timeoutMs });
    return controller;
  }

  /** Starts a node's speaker, with a stream to every controller of the lab. Does not wait for anything. */
  startSpeaker(
    host: Host,
    { frames, node = host.name, args = ["--insecure"], mounts = [] }: SpeakerOptions = {},
  ): LabProcess {
    const controllers = this.lab.controllers.flatMap((controller) => [
      "--controller",
      `${controller.ipv4}:${STREAM_PORT}`,
    ]);
    const state = ["--state-dir", this.stateFolder(host), "--interfaces", "^lan"];
    const speaker = host.start(
      withMounts(
        mounts,
        this.#command("herald-speaker", [
          ...["--node", node, ...controllers, ...state],
          ...(frames ? ["--frames", frames] : []),
          ...args,
        ]),
      ),
      { name: `speaker-${host.name}` },
    );
    this.#speakers.set(host.name, speaker);
    return speaker;
  }

  /** A node's speaker, running or not. Throws a `RangeError` if none was ever started. */
  speaker(node: Host): LabProcess {
    return started(this.#speakers, node);
  }

  /** A host's controller, running or not; without a host, the first one's. */
  controller(host: Host = this.#firstController()): LabProcess {
    return started(this.#controllers, host);
  }

  /** Every process of Herald that was started last on its host. */
  get processes(): readonly LabProcess[] {
    return [...this.#controllers.values(), ...this.#speakers.values()];
  }

  /**
   * Makes everything whole again: networks heal, ports go up, what is stopped goes on, what has ended is started, with
   * the speakers' options given. Waits until every process is ready.
   */
  async mend(options?: SpeakerOptions): Promise<void> {
    const { lab } = this;
    await lab.setFaults([]);
    const hosts = [...lab.nodes, ...lab.controllers];
    await Promise.all(
      hosts.flatMap((host) => host.plan.interfaces.map(({ network }) => lab.setPort(host, network, "up"))),
    );
    for (const process of this.processes) process.kill("SIGCONT");
    for (const host of this.controllerHosts) if (this.controller(host).exit) await this.startController({ host });
    const nodes = lab.nodes.filter(({ name }) => this.#speakers.has(name));
    for (const node of nodes) if (this.speaker(node).exit) this.startSpeaker(node, options);
    await Promise.all(nodes.map((node) => this.ready(node, this.speaker(node))));
  }

  /** The hosts on which a controller was ever started. */
  get controllerHosts(): readonly Host[] {
    return this.lab.controllers.filter(({ name }) => this.#controllers.has(name));
  }

  /** Deletes what a node's speaker, which must not be running, has kept in its state folder. */
  forgetState(node: Host): void {
    rmSync(this.stateFolder(node), { recursive: true, force: true });
  }

  /** A node's `--state-dir`. */
  stateFolder(node: Host): string {
    return join(this.lab.folder, `state-${node.name}`);
  }

  /** Waits until a controller's or speaker's `/readyz` says so. Fails at once if the process has ended. */
  async ready(host: Host, process: LabProcess, options?: UntilOptions): Promise<void> {
    await until(
      `${process.name} was ready`,
      async () => {
        if (process.exit) return true;
        const { exitCode } = await this.#get(host, "readyz");
        return exitCode === 0;
      },
      { everyMs: 50, ...options },
    );
    if (process.exit) throw new Error(`${process.name} ended at its start: ${process.log().slice(-2000)}`);
  }

  /** A controller's or speaker's metrics, in the text format. */
  async metrics(host: Host): Promise<string> {
    return (await this.#get(host, "metrics")).stdout;
  }

  #command(name: "herald-controller" | "herald-speaker", args: readonly string[]): readonly [string, ...string[]] {
    const command = [heraldCommand(name), ...args] as const;
    return this.#nice === 0 ? command : ["nice", "-n", `${this.#nice}`, ...command];
  }

  async #get(host: Host, path: string): ReturnType<Host["attempt"]> {
    return await host.attempt(["curl", "-s", "-f", "-m", "1", `http://127.0.0.1:${METRICS_PORT}/${path}`]);
  }

  #firstController(): Host {
    const [first] = this.lab.controllers;
    if (!first) throw new RangeError(`lab ${this.lab.name} has no host for a controller`);
    return first;
  }
}

/** Every step execs the next one, so that the process keeps its id. */
function withMounts(
  mounts: readonly (readonly string[])[],
  command: readonly [string, ...string[]],
): readonly [string, ...string[]] {
  if (mounts.length === 0) return command;
  const quoted = mounts.map((mount) => `mount ${mount.map((word) => `'${word}'`).join(" ")}`);
  return ["unshare", "--mount", "sh", "-c", `${quoted.join(" && ")} && exec "$@"`, "sh", ...command];
}

function started(processes: ReadonlyMap<string, LabProcess>, host: Host): LabProcess {
  const found = processes.get(host.name);
  if (!found) throw new RangeError(`nothing of Herald was started on ${host.name}`);
  return found;
}
