import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Ip, Mac } from "@heraldlb/net";
import { isIpv4 } from "@heraldlb/net";
import { backendListens, startBackend } from "./backend.ts";
import { Capture, CLAIMS_FILTER, TCPDUMP } from "./capture.ts";
import { Host } from "./host.ts";
import { type LabProcess, type StartOptions, startProcess } from "./lab-process.ts";
import {
  buildNetwork,
  existingNamespaces,
  loadRules,
  plugIn,
  removeNetwork,
  setMac,
  setPort,
  switchNamespace,
  unplug,
} from "./network.ts";
import {
  BRIDGE,
  type HostPlan,
  type HostRole,
  type LabPlan,
  type LabShape,
  type NetworkName,
  planLab,
} from "./plan.ts";
import { missingPrerequisites } from "./prerequisites.ts";
import { identify, isRunning, processesIn, signalProcess } from "./process-id.ts";
import { type Fault, faultRules, serveRules } from "./rules.ts";
import { forgetRecord, type LabRecord, labFolder, readRecord, recordedLabs, writeRecord } from "./state.ts";
import { until } from "./until.ts";

/** What a lab cannot be set up for; the message is a sentence for people. */
export class LabError extends Error {
  override readonly name = "LabError";
}

/** How to set a lab up. */
export interface LabOptions extends LabShape {
  /** The lab stays up when this process ends; it ends with {@link removeLab}. Default: it does not. */
  readonly keep?: boolean | undefined;
}

/** The port at which nodes serve services' addresses, TCP (HTTP) and UDP. */
export const SERVICE_PORT = 80;

const BACKEND_PORT = 8080;
/** How often a witness asks unless told otherwise. */
const ASK_EVERY_MS = 20;
const PROCESSES_GONE_MS = 5000;

/**
 * A small data centre in network namespaces. Disposing of it kills its processes, deletes its namespaces and forgets
 * its logs.
 */
export class Lab implements AsyncDisposable {
  readonly plan: LabPlan;
  readonly hosts: readonly Host[];
  readonly #keep: boolean;
  #record: LabRecord;
  #faults: readonly Fault[] = [];
  /** Hardware addresses given with {@link Lab.setMac}. */
  readonly #macs = new Map<Mac, string>();
  readonly #backends = new Map<string, LabProcess>();

  /** Use {@link createLab}. */
  constructor(record: LabRecord) {
    this.plan = record.plan;
    this.#record = record;
    this.#keep = record.owner === undefined;
    this.hosts = record.plan.hosts.map((plan) => new Host(plan, this.folder, (...how) => this.#start(...how)));
  }

  get name(): string {
    return this.plan.name;
  }

  /** Where logs are, and where whoever uses the lab may put files that end with it. */
  get folder(): string {
    return labFolder(this.name);
  }

  get nodes(): readonly Host[] {
    return this.#having("node");
  }

  get clients(): readonly Host[] {
    return this.#having("client");
  }

  get controllers(): readonly Host[] {
    return this.#having("controller");
  }

  get routers(): readonly Host[] {
    return this.#having("router");
  }

  get servers(): readonly Host[] {
    return this.#having("server");
  }

  /** The host of that name. Throws a `RangeError` if there is none. */
  host(name: string): Host {
    const found = this.hosts.find((host) => host.name === name);
    if (!found) throw new RangeError(`lab ${this.name} has no host ${name}`);
    return found;
  }

  /** Whose hardware address this is; the address itself if it is nobody's. */
  hostOf(mac: Mac): string {
    const planned = this.hosts.find(({ plan }) => plan.interfaces.some((end) => end.mac === mac));
    return planned?.name ?? this.#macs.get(mac) ?? mac;
  }

  /** Starts the nodes' backends, each answering with its node's name, and makes the nodes serve as kube-proxy would. */
  async serve(): Promise<void> {
    for (const node of this.nodes) {
      await loadRules(
        node.plan.namespace,
        serveRules({
          services: this.plan.services,
          port: SERVICE_PORT,
          backends: [{ ipv4: node.ipv4, ipv6: node.ipv6, port: BACKEND_PORT }],
        }),
      );
      this.#backends.set(
        node.name,
        startBackend(node, { name: `backend-${node.name}`, answer: node.name, port: BACKEND_PORT }),
      );
    }
    for (const node of this.nodes) await backendListens(node, BACKEND_PORT);
  }

  /** A node's backend, after {@link Lab.serve}. */
  backend(node: Host): LabProcess {
    const found = this.#backends.get(node.name);
    if (!found) throw new RangeError(`${node.name} has no backend`);
    return found;
  }

  /** Captures on a switch, where every frame passes once, or on a host's interface. Waits until it has begun. */
  async capture(where: NetworkName | Host, filter: string = CLAIMS_FILTER): Promise<Capture> {
    const [namespace, device, name] =
      where instanceof Host
        ? [where.plan.namespace, where.plan.interfaces[0]?.name ?? "lo", where.name]
        : [switchNamespace(this.plan, where), BRIDGE, where];
    const command = [...TCPDUMP, "-i", device, filter] as [string, ...string[]];
    const options = { name: `capture-${name}-${this.#record.processes.length}`, output: "pipe", keep: false } as const;
    const tcpdump = this.#start({ name, namespace }, command, options);
    await tcpdump.logged(/listening on/);
    return new Capture(tcpdump);
  }

  /**
   * Lets a host ask who has an address every 20 ms, to everybody, until it is disposed of. Answers go to the one who
   * asked: use another host than the client whose outage is being measured, or its kernel learns from them.
   */
  ask(host: Host, address: Ip, everyMs: number = ASK_EVERY_MS): LabProcess {
    const device = host.interfaceOn("lan").name;
    const options = { name: `ask-${host.name}-${address.replaceAll(":", "-")}`, keep: false };
    const seconds = `${everyMs / 1000}`;
    const loop = `while :; do ndisc6 -q -m -r 1 -w ${everyMs} ${address} ${device} >/dev/null; done`;
    const ask = isIpv4(address)
      ? ["arping", "-q", "-i", device, "-W", seconds, "-c", "100000000", address]
      : ["sh", "-c", loop];
    // The observer goes before what it observes, or it would measure itself.
    return host.start(["nice", "-n", "-15", ...ask], options);
  }

  /** Takes a host's port at the switch down (no carrier) or up again. */
  async setPort(host: Host, network: NetworkName, state: "up" | "down"): Promise<void> {
    await setPort(this.plan, host.plan, network, state);
  }

  /** Gives a host's interface another hardware address; its own is `host.mac` ({@link HostInterface}). */
  async setMac(host: Host, network: NetworkName, mac: Mac): Promise<void> {
    this.#macs.set(mac, host.name);
    await setMac(host.plan, host.interfaceOn(network), mac);
  }

  /** Deletes a host's interface; {@link Lab.plugIn} makes it anew. */
  async unplug(host: Host, network: NetworkName): Promise<void> {
    await unplug(host.plan, host.interfaceOn(network));
  }

  /** Makes a host's interface anew after {@link Lab.unplug}, with the same name and addresses. */
  async plugIn(host: Host, network: NetworkName): Promise<void> {
    await plugIn(this.plan, host.plan, host.interfaceOn(network));
  }

  /** Sets what is wrong with the networks from now on; an empty list heals them. Ports that are down stay down. */
  async setFaults(faults: readonly Fault[]): Promise<void> {
    const networks = new Set([...this.#faults, ...faults].map(({ network }) => network));
    this.#faults = faults;
    for (const network of networks) await loadRules(switchNamespace(this.plan, network), faultRules(network, faults));
  }

  /** The fault that cuts hosts off from all others of a network: both ways, or only `out` of them or `in` to them. */
  cutOff(network: NetworkName, hosts: readonly Host[], how: "both" | "out" | "in" = "both"): Fault {
    const inside = hosts.map(({ name }) => name);
    const outside = this.hosts.map(({ name }) => name).filter((name) => !inside.includes(name));
    const [from, to] = how === "in" ? [outside, inside] : [inside, outside];
    return { type: "partition", network, from, to, direction: how === "both" ? "both" : "oneWay" };
  }

  /** The end of every log, for a test that failed. */
  logs(lastLines = 40): string {
    return readdirSync(this.folder)
      .filter((file) => file.endsWith(".log"))
      .toSorted()
      .map((file) => {
        const lines = readFileSync(join(this.folder, file), "utf8").trimEnd().split("\n");
        return [`── ${file}`, ...lines.slice(-lastLines)].join("\n");
      })
      .join("\n");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await removeLab(this.name);
  }

  #start(
    { name: host, namespace }: Pick<HostPlan, "name" | "namespace">,
    command: readonly [string, ...string[]],
    options: StartOptions,
  ): LabProcess {
    const logFile = join(this.folder, `${options.name}.log`);
    const started = startProcess(namespace, logFile, command, { keep: this.#keep, ...options });
    this.#record = {
      ...this.#record,
      processes: [...this.#record.processes.filter(isRunning), { ...started.id, name: options.name, host }],
    };
    writeRecord(this.#record);
    return started;
  }

  #having(role: HostRole): readonly Host[] {
    return this.hosts.filter(({ plan }) => plan.role === role);
  }
}

/**
 * Sets a lab up: hosts, wires, addresses; nothing runs in it yet. What a crashed lab left behind is removed first, both
 * of this name and of any other. Throws a {@link LabError} if something is missing or the name is in use.
 */
export async function createLab({ keep = false, ...shape }: LabOptions): Promise<Lab> {
  const missing = missingPrerequisites();
  if (missing.length > 0) throw new LabError(missing.join(" "));
  const plan = planLab(shape);
  const earlier = readRecord(plan.name);
  if (earlier && isInUse(earlier)) {
    throw new LabError(
      `Lab ${plan.name} is up${earlier.owner ? ` (process ${earlier.owner.pid})` : ""}: take it down first.`,
    );
  }
  await removeCrashedLabs();
  await removeLab(plan.name);
  const owner = keep ? undefined : identify(process.pid);
  const record: LabRecord = { plan, owner, processes: [] };
  writeRecord(record);
  try {
    await buildNetwork(plan);
    return new Lab(record);
  } catch (error) {
    await removeLab(plan.name);
    throw error;
  }
}

/** Takes a lab down: kills its processes, deletes its namespaces, forgets its record. Nothing to do is fine. */
export async function removeLab(name: string): Promise<void> {
  const recorded = readRecord(name)?.processes ?? [];
  await until(
    `the processes of lab ${name} had ended`,
    () => {
      const left = [...recorded.filter(isRunning), ...processesIn(existingNamespaces(name))];
      for (const id of left) signalProcess(id, "SIGKILL");
      return left.length === 0;
    },
    { timeoutMs: PROCESSES_GONE_MS, everyMs: 10 },
  );
  await removeNetwork(name);
  forgetRecord(name);
}

/** Takes down every lab whose owner has gone without doing it. */
export async function removeCrashedLabs(): Promise<void> {
  for (const name of recordedLabs()) {
    const record = readRecord(name);
    if (record?.owner && !isRunning(record.owner)) await removeLab(name);
  }
}

function isInUse(record: LabRecord): boolean {
  return record.owner === undefined || isRunning(record.owner);
}
