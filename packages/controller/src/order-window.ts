import type { Assign, GroupId, Leave } from "@heraldlb/election";

/** An order that a speaker ignores once what it heard of that speaker last is too old. */
export type FreshOrder = Assign | Leave;

/** Settings of an {@link OrderWindow}. */
export interface OrderWindowOptions {
  /** How many orders may be under way. */
  readonly limit: number;
  /** As many, as long as the speaker has not been heard since: what was heard of it last may be old by then. */
  readonly unheard: number;
  /** After so many milliseconds an order without an answer no longer counts: it was ignored, or refused. */
  readonly patienceMs: number;
}

/**
 * Which orders of one speaker wait, and which are under way.
 *
 * Thousands of orders at once would grow old on their way, be ignored, and all be sent again. So only a few are under
 * way at a time, and one that waits is stamped when it leaves.
 */
export class OrderWindow {
  readonly #options: OrderWindowOptions;
  readonly #waiting = new Map<GroupId, FreshOrder>();
  /** When each was sent, oldest first. */
  readonly #underWay = new Map<GroupId, number>();

  constructor(options: OrderWindowOptions) {
    this.#options = options;
  }

  /** How many orders wait. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /** Orders wait, or are under way. */
  get isBusy(): boolean {
    return this.#waiting.size + this.#underWay.size > 0;
  }

  /** Adds an order, or replaces the one for its group that has not left yet. */
  put(order: FreshOrder): void {
    this.#waiting.set(order.group, order);
  }

  /** Whatever was ordered about the group is overruled. */
  drop(group: GroupId): void {
    this.#waiting.delete(group);
    this.#underWay.delete(group);
  }

  /** The speaker has shown that it follows what it was told about the group. */
  settle(group: GroupId): void {
    this.#underWay.delete(group);
  }

  /** Takes out what may leave now. `heard`: the speaker was heard just now. */
  take(now: number, { heard }: { readonly heard: boolean }): FreshOrder | undefined {
    if (this.#waiting.size === 0) return undefined;
    for (const [group, sentAt] of this.#underWay) {
      if (now - sentAt < this.#options.patienceMs) break;
      this.#underWay.delete(group);
    }
    const [next] = this.#waiting.values();
    if (!next) return undefined;
    // A second order for a group that is under way takes no room of its own.
    const limit = heard ? this.#options.limit : this.#options.unheard;
    if (this.#underWay.size >= limit && !this.#underWay.has(next.group)) return undefined;
    this.#waiting.delete(next.group);
    this.#underWay.delete(next.group);
    this.#underWay.set(next.group, now);
    return next;
  }

  /** Nothing is ordered any more. */
  clear(): void {
    this.#waiting.clear();
    this.#underWay.clear();
  }
}
