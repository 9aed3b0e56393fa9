import type { MulticastGroups } from "@heraldlb/link";
import { type Ipv6, solicitedNodeMulticast } from "@heraldlb/net";

/** What {@link Memberships} needs of the outside. */
export interface MembershipDependencies {
  /** Opens the memberships of the interface. */
  open(): MulticastGroups;
  /** Does something soon: joining thousands of groups must not delay an answer. */
  later(work: () => void): void;
  /** Called when the kernel refuses a group. */
  onError(group: Ipv6, error: unknown): void;
}

/**
 * One interface's memberships in the solicited-node groups of addresses (RFC 4861 section 7.2.1), without which a host
 * is not asked. Addresses with the same last 24 bits share a group; the last one takes the membership with it.
 */
export class Memberships implements Disposable {
  readonly #dependencies: MembershipDependencies;
  readonly #users = new Map<Ipv6, number>();
  readonly #joined = new Set<Ipv6>();
  #groups: MulticastGroups | undefined;
  #enabled = false;

  constructor(dependencies: MembershipDependencies) {
    this.#dependencies = dependencies;
  }

  /** How many groups are joined. */
  get joined(): number {
    return this.#joined.size;
  }

  /** Counts an address in. */
  add(address: Ipv6): void {
    this.#count(solicitedNodeMulticast(address), 1);
  }

  /** Counts an address out that was counted in. */
  remove(address: Ipv6): void {
    this.#count(solicitedNodeMulticast(address), -1);
  }

  /** Begins to join, now that the interface can: what was counted in so far, and what comes. */
  enable(): void {
    if (this.#enabled) return;
    this.#enabled = true;
    for (const group of this.#users.keys()) this.#dependencies.later(() => this.#settle(group));
  }

  [Symbol.dispose](): void {
    this.#enabled = false;
    this.#groups?.close();
  }

  #count(group: Ipv6, change: 1 | -1): void {
    const before = this.#users.get(group) ?? 0;
    const users = before + change;
    if (users > 0) this.#users.set(group, users);
    else this.#users.delete(group);
    if (this.#enabled && before > 0 !== users > 0) this.#dependencies.later(() => this.#settle(group));
  }

  /** Makes the membership what it should be by now. */
  #settle(group: Ipv6): void {
    const wanted = this.#users.has(group);
    if (!this.#enabled || wanted === this.#joined.has(group)) return;
    try {
      this.#groups ??= this.#dependencies.open();
      if (wanted) this.#groups.join(group);
      else this.#groups.leave(group);
    } catch (error) {
      this.#dependencies.onError(group, error);
      return;
    }
    if (wanted) this.#joined.add(group);
    else this.#joined.delete(group);
  }
}
