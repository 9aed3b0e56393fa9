import { compareIps, type Family, familyOf, type Ip } from "@heraldlb/net";
import type { Freed } from "./freed.ts";
import { hasCoolDown, isForAll, type PoolInput, restMs } from "./pool.ts";
import { RestQueue } from "./rest-queue.ts";

/** What the memory of freed addresses depends on. */
export interface RestingOptions {
  /** The pool that contains the address. */
  poolOf(address: Ip): PoolInput | undefined;
  /** Whether somebody has the address. */
  isHeld(address: Ip): boolean;
  /** The address rested so long ago that it counts as never used from now on. */
  onForgotten(address: Ip): void;
}

/**
 * Which addresses of pools with a cool-down were freed, when, and by whom.
 *
 * What is left during a round rests at once, but is remembered as freed only when the round is over and nobody has
 * taken it: who is looked at again and keeps its address has not freed it.
 */
export class Resting {
  readonly #options: RestingOptions;
  /** In the order in which they were freed, over all pools. */
  readonly #freed = new Map<Ip, Freed>();
  readonly #queues = new Map<string, RestQueue>();
  readonly #by = new Map<string, Set<Ip>>();
  /** Who has left what in this round. */
  readonly #left = new Map<Ip, readonly string[]>();
  /** Who had left in this round what somebody has taken since. */
  readonly #retaken = new Map<Ip, readonly string[]>();
  #now = 0;
  #snapshot: readonly Freed[] | undefined;

  constructor(options: RestingOptions) {
    this.#options = options;
  }

  /** All freed addresses; the same array as long as nothing changes. */
  get freed(): readonly Freed[] {
    this.#snapshot ??= Array.from(this.#freed.values());
    return this.#snapshot;
  }

  /** When the next cool-down is over; undefined if nothing rests. */
  get nextEnd(): number | undefined {
    const ends = Array.from(this.#queues.values(), (queue) => queue.nextEnd()).filter((end) => end !== undefined);
    return ends.length > 0 ? Math.min(...ends) : undefined;
  }

  /** Begins a round, at a time that is never earlier than the last one. True if a cool-down is over. */
  begin(now: number): boolean {
    this.#now = now;
    return this.#advance();
  }

  /** Other pools are in force. What belongs to none with a cool-down is forgotten, unless `keepStrays`. */
  rebuild(keepStrays: boolean): void {
    this.#queues.clear();
    for (const freed of this.#freed.values()) {
      const pool = this.#options.poolOf(freed.address);
      if (pool && hasCoolDown(pool)) this.#queue(pool, freed.address).add(freed);
      else if (pool || !keepStrays) this.#forget(freed);
    }
    this.#advance();
  }

  /** Takes up what was remembered elsewhere. */
  load(remembered: readonly Freed[], keepStrays: boolean): void {
    const all = [
      ...this.#freed.values(),
      ...remembered.map((freed) => ({ ...freed, at: Math.min(freed.at, this.#now) })),
    ];
    this.#freed.clear();
    this.#by.clear();
    for (const freed of all.toSorted((a, b) => a.at - b.at)) {
      const earlier = this.#freed.get(freed.address);
      if (earlier) this.#forget(earlier);
      this.#remember(freed);
    }
    this.rebuild(keepStrays);
  }

  /** A holder of an address has left it. */
  leave(address: Ip, service: string): void {
    const others = this.#left.get(address) ?? this.#retaken.get(address) ?? [];
    this.#left.set(address, others.includes(service) ? others : [...others, service]);
  }

  /** Somebody takes an address that rested. */
  take(address: Ip): void {
    const leavers = this.#left.get(address);
    // Whoever takes it may leave it again.
    if (leavers) this.#retaken.set(address, leavers);
    this.#left.delete(address);
    const freed = this.#freed.get(address);
    if (!freed) return;
    const pool = this.#options.poolOf(address);
    if (pool) this.#queue(pool, address).delete(address);
    this.#forget(freed);
  }

  /** The addresses that were freed, long ago or just now. */
  *addresses(): Iterable<Ip> {
    yield* this.#freed.keys();
    yield* this.#left.keys();
  }

  /** Until when nobody but its last holder may have the address. */
  until(address: Ip, service: string): number | undefined {
    const pool = this.#options.poolOf(address);
    if (!pool || !hasCoolDown(pool)) return undefined;
    const leavers = this.#left.get(address);
    if (leavers) return leavers.includes(service) ? undefined : this.#now + restMs(pool);
    const freed = this.#freed.get(address);
    const end = freed && freed.by !== service ? freed.at + restMs(pool) : 0;
    return end > this.#now ? end : undefined;
  }

  /** Keys of the Services that had freed addresses last. */
  get formerHolders(): Iterable<string> {
    return this.#by.keys();
  }

  /** The freed addresses that the Service had last. */
  formerOf(service: string): Iterable<Ip> {
    const mine = [...(this.#by.get(service) ?? [])];
    for (const [address, leavers] of this.#left) if (leavers.includes(service)) mine.push(address);
    return mine;
  }

  /** The address of the family that has rested longest, and enough. */
  next(pool: PoolInput, family: Family): Ip | undefined {
    return this.#queues.get(queueKey(pool, family))?.next();
  }

  /** When the next cool-down of the family's addresses is over; undefined if none rests. */
  nextEndIn(pool: PoolInput, family: Family): number | undefined {
    const end = this.#queues.get(queueKey(pool, family))?.nextEnd();
    if (end !== undefined) return end;
    const isLeft = this.#left.keys().some((address) => {
      return familyOf(address) === family && this.#options.poolOf(address) === pool && this.#isIdle(pool, address);
    });
    return isLeft ? this.#now + restMs(pool) : undefined;
  }

  /** Ends the round: what was left, and nobody has, is freed. */
  end(): void {
    if (this.#retaken.size > 0) this.#retaken.clear();
    if (this.#left.size === 0) return;
    const addresses = [...this.#left.keys()].filter((address) => !this.#options.isHeld(address));
    for (const address of addresses.toSorted(compareIps)) {
      const pool = this.#options.poolOf(address);
      if (!pool || !hasCoolDown(pool)) continue;
      const [by] = (this.#left.get(address) ?? []).toSorted();
      if (by === undefined) continue;
      const freed = { address, at: this.#now, by };
      this.#remember(freed);
      this.#queue(pool, address).add(freed);
    }
    this.#left.clear();
  }

  /** Whether the address could be given to anybody, if it did not rest. */
  #isIdle(pool: PoolInput, address: Ip): boolean {
    return isForAll(pool, address) && !this.#options.isHeld(address);
  }

  #advance(): boolean {
    let hasEnded = false;
    for (const queue of this.#queues.values()) {
      const { ended, forgotten } = queue.advance(this.#now);
      hasEnded ||= ended > 0;
      for (const freed of forgotten) {
        this.#forget(freed);
        this.#options.onForgotten(freed.address);
      }
    }
    return hasEnded;
  }

  #queue(pool: PoolInput, address: Ip): RestQueue {
    const key = queueKey(pool, isForAll(pool, address) ? familyOf(address) : "asked");
    const known = this.#queues.get(key);
    if (known) return known;
    const queue = new RestQueue(restMs(pool));
    this.#queues.set(key, queue);
    return queue;
  }

  #remember(freed: Freed): void {
    this.#freed.set(freed.address, freed);
    const mine = this.#by.get(freed.by) ?? new Set();
    this.#by.set(freed.by, mine.add(freed.address));
    this.#snapshot = undefined;
  }

  #forget({ address, by }: Freed): void {
    this.#freed.delete(address);
    const mine = this.#by.get(by);
    mine?.delete(address);
    if (mine?.size === 0) this.#by.delete(by);
    this.#snapshot = undefined;
  }
}

/** `asked`: those that are never given without being asked for. */
function queueKey({ name }: PoolInput, which: Family | "asked"): string {
  return `${which} ${name}`;
}
