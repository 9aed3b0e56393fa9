import type { Ip, Ipv4, Ipv6, Mac } from "@heraldlb/net";
import { isIpv4, parseMac } from "@heraldlb/net";
import { attempt, type CommandOptions, type CommandResult, run } from "./command.ts";
import type { LabProcess, StartOptions } from "./lab-process.ts";
import type { HostInterface, HostPlan, NetworkName } from "./plan.ts";

/** What the kernel of a host knows about a neighbour. */
export interface Neighbour {
  /** Absent while it is being asked for, and after nobody answered. */
  readonly mac: Mac | undefined;
  /** As iproute2 names it: `REACHABLE`, `STALE`, `FAILED` … */
  readonly state: string;
}

/** Starts a process in a host; the lab that owns the host keeps the record. */
export type Starter = (plan: HostPlan, command: readonly [string, ...string[]], options: StartOptions) => LabProcess;

/** One host of a running lab. */
export class Host {
  readonly plan: HostPlan;
  /** For files that end with the lab, whoever reads them. */
  readonly folder: string;
  readonly #start: Starter;

  /** Hosts are made by their lab. */
  constructor(plan: HostPlan, folder: string, start: Starter) {
    this.plan = plan;
    this.folder = folder;
    this.#start = start;
  }

  get name(): string {
    return this.plan.name;
  }

  /** Its own address on the service network (for a controller: on the network that it is on). */
  get ipv4(): Ipv4 {
    return this.#main.ipv4;
  }

  /** Its own address on the service network (for a controller: on the network that it is on). */
  get ipv6(): Ipv6 {
    return this.#main.ipv6;
  }

  /** Its hardware address on the service network. */
  get mac(): Mac {
    return this.#main.mac;
  }

  /** Its interface on a network. Throws a `RangeError` if it has none there. */
  interfaceOn(network: NetworkName): HostInterface {
    const found = this.plan.interfaces.find((candidate) => candidate.network === network);
    if (!found) throw new RangeError(`${this.name} is not on the ${network} network`);
    return found;
  }

  /** Runs a command in the host. Throws if it fails; returns what it printed. */
  async exec(command: readonly [string, ...string[]], options?: CommandOptions): Promise<string> {
    return await run("ip", ["netns", "exec", this.plan.namespace, ...command], options);
  }

  /** Runs a command in the host. Its failure is a result. */
  async attempt(command: readonly [string, ...string[]], options?: CommandOptions): Promise<CommandResult> {
    return await attempt("ip", ["netns", "exec", this.plan.namespace, ...command], options);
  }

  /** Starts a process in the host. It ends with the lab. */
  start(command: readonly [string, ...string[]], options: StartOptions): LabProcess {
    return this.#start(this.plan, command, options);
  }

  /** Fetches `http://ADDRESS/` with curl; undefined if that fails. A lab's backend answers with its node's name. */
  async curl(address: Ip, { timeoutMs = 2000 }: { readonly timeoutMs?: number } = {}): Promise<string | undefined> {
    const url = `http://${isIpv4(address) ? address : `[${address}]`}/`;
    const result = await this.attempt(["curl", "--silent", "--fail", "--max-time", `${timeoutMs / 1000}`, url]);
    return result.exitCode === 0 ? result.stdout.trim() : undefined;
  }

  /** Every hardware address that answers for an address now: by ARP (arping) or Neighbor Discovery (ndisc6). */
  async resolve(address: Ip, { waitMs = 500 }: { readonly waitMs?: number } = {}): Promise<Mac[]> {
    const device = this.#main.name;
    const seconds = `${waitMs / 1000}`;
    const { stdout } = isIpv4(address)
      ? await this.attempt(["arping", "-r", "-i", device, "-c", "1", "-w", seconds, address])
      : await this.attempt(["ndisc6", "-q", "-m", "-r", "1", "-w", `${waitMs}`, address, device]);
    const macs = stdout.split(/\s+/).flatMap((word) => parseMac(word) ?? []);
    return [...new Set(macs)];
  }

  /** What its kernel knows about a neighbour; undefined if nothing. */
  async neighbour(address: Ip): Promise<Neighbour | undefined> {
    const output = await run("ip", ["-n", this.plan.namespace, "-json", "neigh", "show", "to", address]);
    const [entry] = JSON.parse(output || "[]") as { readonly lladdr?: string; readonly state: readonly string[] }[];
    return entry && { mac: parseMac(entry.lladdr ?? ""), state: entry.state.join(" ") };
  }

  /** Makes its kernel forget all neighbours. */
  async forgetNeighbours(): Promise<void> {
    await run("ip", ["-n", this.plan.namespace, "neigh", "flush", "all"]);
  }

  get #main(): HostInterface {
    const [main] = this.plan.interfaces;
    if (!main) throw new RangeError(`${this.name} has no interface`);
    return main;
  }
}
