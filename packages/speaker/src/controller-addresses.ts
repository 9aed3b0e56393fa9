import { isIP } from "node:net";
import type { Endpoint } from "@heraldlb/daemon";
import type { ReplicaId } from "@heraldlb/election";
import type { Clock, Logger } from "@heraldlb/runtime";

/** A controller replica: an address to dial. */
export interface Replica {
  readonly id: ReplicaId;
  /** IP address. */
  readonly address: string;
  readonly port: number;
  /** What the settings call it, and its certificate must bear: a name, or the address. */
  readonly host: string;
}

/** What {@link ControllerAddresses} needs of the outside. */
export interface AddressDependencies {
  readonly clock: Clock;
  readonly log: Logger;
  /** All addresses of a name. */
  resolve(name: string): Promise<readonly string[]>;
  /** Called with all replicas when there are others than before. */
  onChange(replicas: readonly Replica[]): void;
}

/** The addresses that names resolved to last, by name: content of the state folder's `controllers.json`. */
export type KnownAddresses = Readonly<Record<string, readonly string[]>>;

// Names are asked for again with a redial, but not more often than this.
const RESOLVE_INTERVAL_MS = 1_000;
// And without one: a controller may come while the streams to all others stand.
const RESOLVE_AGAIN_MS = 10_000;

/** Which replicas the configured controllers are: every address of every name. */
export class ControllerAddresses implements Disposable {
  readonly #endpoints: readonly Endpoint[];
  readonly #dependencies: AddressDependencies;
  readonly #known: Map<string, readonly string[]>;
  readonly #failing = new Set<string>();
  #replicas: ReadonlyMap<ReplicaId, Replica> = new Map();
  #resolvedAt = Number.NEGATIVE_INFINITY;
  #resolving = false;
  #timer: Disposable | undefined;

  /** `known` serves until a name resolves, and whenever it does not. */
  constructor(endpoints: readonly Endpoint[], known: KnownAddresses, dependencies: AddressDependencies) {
    this.#endpoints = endpoints;
    this.#dependencies = dependencies;
    this.#known = new Map(Object.entries(known));
    this.#replicas = this.#list();
  }

  /** The replicas that are known now. */
  get replicas(): readonly Replica[] {
    return [...this.#replicas.values()];
  }

  /** The addresses to be known after a restart. */
  get known(): KnownAddresses {
    const names = this.#endpoints.map(({ host }) => host).filter((host) => isIP(host) === 0);
    return Object.fromEntries(names.map((name) => [name, this.#known.get(name) ?? []]));
  }

  /** The replica of that id, if it still is one. */
  find(id: ReplicaId): Replica | undefined {
    return this.#replicas.get(id);
  }

  /** Resolves the names again, unless that has just been done; from then on ever again. Never waits for it. */
  refresh(): void {
    if (!this.#timer && this.#endpoints.some(({ host }) => isIP(host) === 0)) this.#repeat();
    const now = this.#dependencies.clock.now();
    if (this.#resolving || now - this.#resolvedAt < RESOLVE_INTERVAL_MS) return;
    this.#resolving = true;
    this.#resolvedAt = now;
    // Errors are handled name by name.
    void this.#resolveAll().finally(() => {
      this.#resolving = false;
    });
  }

  /** Ends that. */
  [Symbol.dispose](): void {
    this.#timer?.[Symbol.dispose]();
  }

  #repeat(): void {
    this.#timer = this.#dependencies.clock.timer(RESOLVE_AGAIN_MS, () => {
      this.#repeat();
      this.refresh();
    });
  }

  async #resolveAll(): Promise<void> {
    const names = new Set(this.#endpoints.map(({ host }) => host).filter((host) => isIP(host) === 0));
    await Promise.all([...names].map((name) => this.#resolve(name)));
    const replicas = this.#list();
    if (sameKeys(replicas, this.#replicas)) return;
    this.#replicas = replicas;
    this.#dependencies.log.info("controller addresses changed", { replicas: [...replicas.keys()] });
    this.#dependencies.onChange(this.replicas);
  }

  async #resolve(name: string): Promise<void> {
    try {
      const addresses = await this.#dependencies.resolve(name);
      if (addresses.length > 0) this.#known.set(name, addresses.toSorted());
      this.#failing.delete(name);
    } catch (error) {
      if (this.#failing.has(name)) return;
      this.#failing.add(name);
      const known = this.#known.get(name) ?? [];
      this.#dependencies.log.warn("controller name not resolved", { name, known, reason: String(error) });
    }
  }

  #list(): ReadonlyMap<ReplicaId, Replica> {
    const replicas = this.#endpoints.flatMap(({ host, port }) => {
      const addresses = isIP(host) === 0 ? (this.#known.get(host) ?? []) : [host];
      return addresses.map((address): Replica => ({ id: idOf(address, port), address, port, host }));
    });
    return new Map(replicas.map((replica) => [replica.id, replica]));
  }
}

/** Reads `controllers.json`. Throws if it is anything else. */
export function parseKnownAddresses(text: string): KnownAddresses {
  const parsed: unknown = JSON.parse(text);
  if (typeof parsed !== "object" || parsed === null || !("version" in parsed) || parsed.version !== 1) {
    throw new Error("not version 1");
  }
  const addresses = "addresses" in parsed ? parsed.addresses : undefined;
  if (typeof addresses !== "object" || addresses === null) throw new Error("no addresses");
  const entries = Object.entries(addresses).map(([name, value]): [string, string[]] => {
    if (!Array.isArray(value)) throw new Error(`${name}: not a list`);
    return [name, value.filter((address): address is string => typeof address === "string" && isIP(address) !== 0)];
  });
  return Object.fromEntries(entries);
}

/** Writes what `parseKnownAddresses` reads. */
export const formatKnownAddresses = (addresses: KnownAddresses): string =>
  `${JSON.stringify({ version: 1, addresses })}\n`;

const idOf = (address: string, port: number): ReplicaId =>
  isIP(address) === 6 ? `[${address}]:${port}` : `${address}:${port}`;

const sameKeys = (a: ReadonlyMap<string, unknown>, b: ReadonlyMap<string, unknown>): boolean =>
  a.size === b.size && [...a.keys()].every((key) => b.has(key));
