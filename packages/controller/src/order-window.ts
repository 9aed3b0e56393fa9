import type { Assign, GroupId, Leave, Revoke } from "@heraldlb/election";

/** An order about one group. */
export type Order = Assign | Leave | Revoke;

/** Settings of an {@link OrderWindow}. */
export interface OrderWindowOptions {
  /**
   * How many orders may be under way at first, and where the speaker has not been heard just now: what was heard of it
   * last may be old by then.
   */
  readonly least: number;
  /** How many may be, at most, at a speaker that obeys soon. */
  readonly most: number;
  /**
   * No further order leaves while one has been under way for longer than so many milliseconds, and only half as many at
   * a time after it.
   */
  readonly slowMs: number;
  /** After so many milliseconds an order without an answer no longer counts: it was ignored, or refused. */
  readonly patienceMs: number;
}

/**
 * Which orders of one speaker wait, and which are under way.
 *
 * Thousands of orders at once would grow old on their way, be ignored, and all be sent again; and what has to be told
 * meanwhile would wait behind them. So only some are under way at a time: more and more as long as they are soon obeyed,
 * fewer where they are not. One that waits is stamped when it leaves. What the speaker is to lose goes before what it is
 * to get.
 */
export class OrderWindow {
  readonly #options: OrderWindowOptions;
  readonly #revokes = new Map<GroupId, Revoke>();
  readonly #others = new Map<GroupId, Assign | Leave>();
  /** When each was sent, oldest first. */
  readonly #underWay = new Map<GroupId, number>();
  #size: number;
  #shrunkAt = Number.NEGATIVE_INFINITY;

  constructor(options: OrderWindowOptions) {
    this.#options = options;
    this.#size = options.least;
  }

  /** How many orders wait. */
  get waiting(): number {
    return this.#revokes.size + this.#others.size;
  }

  /** Adds an order. The one for its group that has not left yet is overruled, and a Revoke waits for none before it. */
  put(order: Order): void {
    this.drop(order.group);
    if (order.type === "revoke") this.#revokes.set(order.group, order);
    else this.#others.set(order.group, order);
  }

  /** The order for the group that has not left yet does not leave any more. */
  drop(group: GroupId): void {
    this.#revokes.delete(group);
    this.#others.delete(group);
  }

  /** The speaker has shown that it follows what it was told about the group. */
  settle(group: GroupId, now: number): void {
    const sentAt = this.#underWay.get(group);
    if (sentAt === undefined) return;
    this.#underWay.delete(group);
    if (now - sentAt > this.#options.slowMs) this.#shrink(now);
    else this.#size = Math.min(this.#options.most, this.#size + 1);
  }

  /** Takes out what may leave now. `heard`: the speaker was heard just now. */
  take(now: number, { heard }: { readonly heard: boolean }): Order[] {
    if (this.waiting === 0 || this.#isSlow(now)) return [];
    const limit = heard ? this.#size : this.#options.least;
    return [...this.#takeSome(this.#revokes, now, limit), ...this.#takeSome(this.#others, now, limit)];
  }

  /** Takes out what the speaker is to lose, however much that is: its stream is about to end. */
  takeRevokes(): Revoke[] {
    const revokes = [...this.#revokes.values()];
    this.#revokes.clear();
    return revokes;
  }

  /** Nothing is ordered any more. */
  clear(): void {
    this.#revokes.clear();
    this.#others.clear();
    this.#underWay.clear();
  }

  #isSlow(now: number): boolean {
    const { slowMs, patienceMs } = this.#options;
    for (const [group, sentAt] of this.#underWay) {
      if (now - sentAt < patienceMs) return now - sentAt > slowMs;
      this.#underWay.delete(group);
      this.#shrink(now);
    }
    return false;
  }

  /** Orders that left together are late together: once for them. */
  #shrink(now: number): void {
    const { least, slowMs } = this.#options;
    if (now - this.#shrunkAt <= slowMs) return;
    this.#shrunkAt = now;
    this.#size = Math.max(least, this.#size >> 1);
  }

  #takeSome<O extends Order>(waiting: Map<GroupId, O>, now: number, limit: number): O[] {
    const taken: O[] = [];
    for (const [group, order] of waiting) {
      // A second order for a group that is under way takes no room of its own.
      if (this.#underWay.size >= limit && !this.#underWay.has(group)) break;
      this.#underWay.delete(group);
      this.#underWay.set(group, now);
      taken.push(order);
    }
    for (const { group } of taken) waiting.delete(group);
    return taken;
  }
}
