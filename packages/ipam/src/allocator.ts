import type { Ip } from "@heraldlb/net";
import type { Action, Holding, Refusal } from "./action.ts";
import type { AllocatorConfig, Change } from "./change.ts";
import type { Explanation } from "./explanation.ts";
import type { Freed } from "./freed.ts";
import { IndexedLedger } from "./indexed-ledger.ts";
import { isVouched } from "./keep.ts";
import type { Held } from "./ledger.ts";
import { secondLine, waitingLine } from "./line-key.ts";
import { Lines } from "./lines.ts";
import { actionsOf } from "./outcome-actions.ts";
import { avoids, type PoolSet } from "./pool.ts";
import { compareSeniority, compareWishes } from "./seniority.ts";
import type { ServiceInput } from "./service.ts";
import { type Outcome, settle, wantsBetter } from "./settle.ts";
import { survey } from "./survey.ts";

/**
 * Gives addresses to Services, incrementally: a changed Service costs work in proportion to itself, however large the
 * pools are. What it decides is what `plan` decides from scratch.
 */
export class Allocator {
  readonly #config: AllocatorConfig;
  readonly #ledger = new IndexedLedger();
  readonly #services = new Map<string, ServiceInput>();
  readonly #refusals = new Map<string, Refusal>();
  readonly #waiting = new Lines(compareWishes);
  readonly #degraded = new Lines(compareSeniority);
  #now = 0;

  constructor(config: AllocatorConfig) {
    this.#config = config;
  }

  /**
   * Takes in changes that came together and says what follows from them: releases, then assignments, then refusals.
   * `now` is in ms since the epoch; only cool-downs look at it. It may be called without changes, for the time's sake.
   */
  apply(changes: readonly Change[], now: number): Action[] {
    this.#now = Math.max(now, this.#now);
    const hasRested = this.#ledger.begin(this.#now);
    const { pools, services, freed } = collapse(changes);
    const releases: Action[] = [];
    for (const [key, service] of services) {
      const release = service ? undefined : this.#remove(key);
      if (release) releases.push(release);
    }
    const changed = new Map<string, ServiceInput>();
    if (pools) {
      const concerned = [...this.#unsettledBy(pools), ...this.#discontent()];
      for (const key of concerned) changed.set(key, this.#services.get(key) as ServiceInput);
    }
    if (freed.length > 0) this.#ledger.load(freed);
    const hasNewPools = pools !== undefined;
    for (const [key, service] of services) {
      if (!service) continue;
      this.#services.set(key, service);
      changed.set(key, service);
    }
    const agenda = {
      changed: [...changed.values()],
      freed: hasNewPools || releases.length > 0 || hasRested,
      waiting: () => (this.#waiting.size > 0 ? this.#linesOf(this.#waiting, hasNewPools) : []),
      degraded: () => (this.#degraded.size > 0 ? this.#linesOf(this.#degraded, hasNewPools) : []),
    };
    const outcomes = settle(agenda, { ledger: this.#ledger, config: this.#config });
    const told: Outcome[] = [];
    for (const outcome of outcomes.values()) told.push(this.#record(outcome));
    if (hasNewPools) this.#reorder();
    const actions = actionsOf(told, this.#ledger);
    this.#ledger.end();
    return releases.length > 0 ? [...releases, ...actions] : actions;
  }

  /** Freed addresses that are to be remembered over a restart; the same array as long as nothing changes. */
  get freed(): readonly Freed[] {
    return this.#ledger.freed;
  }

  /** When to call `apply` though nothing has changed, in ms since the epoch; undefined if time does not help anybody. */
  get wakeAt(): number | undefined {
    return this.#waiting.size + this.#degraded.size > 0 ? this.#ledger.nextRested : undefined;
  }

  /** What the Service holds now. */
  holding(service: string): Holding | undefined {
    return this.#ledger.held(service);
  }

  /** Why the Service waits, keeps the old address against its wish, or lacks the second family. */
  refusal(service: string): Refusal | undefined {
    return this.#refusals.get(service);
  }

  /** All standing refusals. */
  refusals(): Iterable<Refusal> {
    return this.#refusals.values();
  }

  /** Why the Service has what it has, or nothing, as things are now; undefined if nobody knows it. */
  explain(service: string): Explanation | undefined {
    const input = this.#services.get(service);
    const [holding, refusal] = [this.holding(service), this.refusal(service)];
    return input && { holding, refusal, refused: survey(input, this.#ledger) };
  }

  /** The pool that gives the address out, whoever has it now. */
  poolOf(address: Ip): string | undefined {
    const pool = this.#ledger.poolOf([address]);
    return pool && !avoids(pool, address) ? pool.name : undefined;
  }

  /** Keys of the Services that hold the address, sorted. */
  holders(address: Ip): readonly string[] {
    return this.#ledger.holders(address).toSorted();
  }

  /**
   * Keys of all Services tied to this one by a shared address, directly or over others, itself included, sorted.
   * Their addresses form one group, which has one layer-2 owner.
   */
  tied(service: string): readonly string[] {
    const found = new Set([service]);
    for (const key of found) {
      for (const address of this.#ledger.held(key)?.addresses ?? []) {
        for (const holder of this.#ledger.holders(address)) found.add(holder);
      }
    }
    return Array.from(found).toSorted();
  }

  #remove(service: string): Action | undefined {
    const held = this.#ledger.held(service);
    this.#ledger.drop(service);
    this.#services.delete(service);
    this.#refusals.delete(service);
    this.#waiting.delete(service);
    this.#degraded.delete(service);
    if (!held) return undefined;
    const { addresses } = held;
    return { type: "release", service, addresses, reason: "serviceRemoved", message: "the Service is gone" };
  }

  /** Remembers who waits and why; a refusal that was told before is not told again. */
  #record(outcome: Outcome): Outcome {
    const { service, now: held, refusal } = outcome;
    const { key } = service;
    this.#waiting.put(service, held ? undefined : waitingLine(service, this.#ledger));
    this.#degraded.put(
      service,
      held && wantsBetter(service, held, this.#ledger) ? secondLine(service, held, this.#ledger) : undefined,
    );
    const old = this.#refusals.get(key);
    if (refusal) this.#refusals.set(key, refusal);
    else this.#refusals.delete(key);
    const isOld = old && refusal && old.reason === refusal.reason && old.message === refusal.message;
    return isOld ? { ...outcome, refusal: undefined } : outcome;
  }

  /** Puts these pools in force. Services whose addresses are to be judged anew. */
  #unsettledBy(pools: PoolSet): readonly string[] {
    const touched = this.#ledger.setPools(pools);
    return Array.from(touched).filter((key) => {
      const [service, held] = [this.#services.get(key), this.#ledger.held(key)];
      return service && held && !isVouched(service, held, this.#ledger);
    });
  }

  /** Services that keep an address against their wish: other pools may fulfil it. */
  #discontent(): readonly string[] {
    return Array.from(this.#refusals.keys()).filter((key) => this.#ledger.held(key));
  }

  /** Whom to ask. Who had a resting address before may have it though others in the same line may not. */
  *#linesOf(lines: Lines, hasNewPools: boolean): Iterable<readonly ServiceInput[]> {
    yield* hasNewPools ? lines.singly() : lines.all();
    yield* lines.among(this.#ledger.formerHolders);
  }

  /** Other pools, other lines. */
  #reorder(): void {
    this.#waiting.reorder((service) => waitingLine(service, this.#ledger));
    this.#degraded.reorder((service) => secondLine(service, this.#ledger.held(service.key) as Held, this.#ledger));
  }
}

interface Collapsed {
  readonly freed: readonly Freed[];
  readonly pools: PoolSet | undefined;
  /** Undefined: removed. */
  readonly services: ReadonlyMap<string, ServiceInput | undefined>;
}

/** Of several changes of one thing the last one counts. */
function collapse(changes: readonly Change[]): Collapsed {
  let pools: PoolSet | undefined;
  const services = new Map<string, ServiceInput | undefined>();
  const freed: Freed[] = [];
  for (const change of changes) {
    switch (change.type) {
      case "pools":
        pools = change.set;
        break;
      case "service":
        services.set(change.service.key, change.service);
        break;
      case "serviceRemoved":
        services.set(change.key, undefined);
        break;
      case "freed":
        freed.push(...change.freed);
        break;
    }
  }
  return { pools, services, freed };
}
