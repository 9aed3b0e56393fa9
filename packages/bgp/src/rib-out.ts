import { type Family, familyOf, type Prefix, prefixAddress } from "@heraldlb/net";

/** The next thing to tell a peer. `room` bytes of prefixes were asked for, so one batch makes one message. */
export type RibBatch<A> =
  | { readonly type: "announce"; readonly family: Family; readonly attributes: A; readonly prefixes: readonly Prefix[] }
  | { readonly type: "withdraw"; readonly family: Family; readonly prefixes: readonly Prefix[] }
  /** The whole table has been sent (RFC 4724 section 2). */
  | { readonly type: "endOfRib"; readonly family: Family }
  /** The whole table follows, or has been sent, because the peer asked for it (RFC 7313). */
  | { readonly type: "beginRefresh" | "endRefresh"; readonly family: Family };

/** How much of a message is left for prefixes. */
export interface RibRoom<A> {
  /** Bytes for prefixes in a message that announces with these attributes. */
  announce(attributes: A, family: Family): number;
  /** Bytes for prefixes in a message that withdraws. */
  withdraw(family: Family): number;
  /** Bytes that one prefix takes. */
  size(prefix: Prefix, family: Family): number;
}

// What a peer has been told of a prefix, if it has to be told again.
const OUTDATED = Symbol("outdated");

interface Table<A> {
  readonly wanted: Map<Prefix, A>;
  /** What the peer has been told. */
  readonly sent: Map<Prefix, A | typeof OUTDATED>;
  /** `sent` but not `wanted`. */
  readonly withdrawals: Set<Prefix>;
  /** `wanted` but not `sent` so. */
  readonly announcements: Map<A, Set<Prefix>>;
  isOpen: boolean;
  /** What is to be said before the next prefix, and once there is none left. */
  begin: "beginRefresh" | undefined;
  end: "endOfRib" | "endRefresh" | undefined;
  isRefreshing: boolean;
  /** The peer asked again while its last request was being answered. */
  refreshAgain: "plain" | "enhanced" | undefined;
}

/**
 * The Adj-RIB-Out of one peer (RFC 4271 section 3.2): what it should know, what it has been told, and thereby what to
 * tell it next.
 *
 * Nothing is queued but the difference of the two, so what changes back before it was sent is never sent. Attributes
 * are compared by identity: equal sets must be the same object to share a message. Each change costs the same however
 * many routes there are.
 */
export class AdjRibOut<A extends object> {
  readonly #tables: Readonly<Record<Family, Table<A>>> = { ipv4: emptyTable(), ipv6: emptyTable() };

  /** How many prefixes the peer should know, of the families that are open. */
  get wanted(): number {
    return this.#sum(({ isOpen, wanted }) => (isOpen ? wanted.size : 0));
  }

  /** How many prefixes the peer has been told of. */
  get announced(): number {
    return this.#sum(({ sent }) => sent.size);
  }

  /** Whether the peer has been told everything, the end of the table included. */
  get isDone(): boolean {
    return FAMILIES.every((family) => isSaid(this.#tables[family]));
  }

  /** Whether the peer has been told of a prefix, with whatever attributes, and not that it is withdrawn. */
  isAnnounced(prefix: Prefix): boolean {
    return this.#tableOf(prefix).sent.has(prefix);
  }

  /** Wants a prefix announced with these attributes, whatever it was before. */
  set(prefix: Prefix, attributes: A): void {
    const table = this.#tableOf(prefix);
    unqueue(table, prefix);
    table.wanted.set(prefix, attributes);
    queue(table, prefix);
  }

  /** Wants a prefix no longer. */
  delete(prefix: Prefix): void {
    const table = this.#tableOf(prefix);
    if (!table.wanted.has(prefix)) return;
    unqueue(table, prefix);
    table.wanted.delete(prefix);
    queue(table, prefix);
  }

  /** Wants nothing any more. */
  clear(): void {
    for (const family of FAMILIES) for (const prefix of this.#tables[family].wanted.keys()) this.delete(prefix);
  }

  /** A session that carries this family is up, and its peer knows nothing: all, then the End-of-RIB marker, is to be sent. */
  open(family: Family): void {
    const table = this.#tables[family];
    forget(table);
    table.isOpen = true;
    table.end = "endOfRib";
    for (const prefix of table.wanted.keys()) queue(table, prefix);
  }

  /** The session is down. What is wanted stays. */
  close(): void {
    for (const family of FAMILIES) forget(this.#tables[family]);
  }

  /** Tells everything of the family again, because what the attributes come to has changed, the next hop for example. */
  resend(family: Family): void {
    const table = this.#tables[family];
    if (!table.isOpen) return;
    for (const prefix of table.wanted.keys()) {
      unqueue(table, prefix);
      if (table.sent.has(prefix)) table.sent.set(prefix, OUTDATED);
      queue(table, prefix);
    }
  }

  /**
   * The peer asked for the whole table (RFC 2918), between markers if that was negotiated (RFC 7313). Requests that come
   * while one is being answered are answered once, after it.
   */
  refresh(family: Family, kind: "plain" | "enhanced"): void {
    const table = this.#tables[family];
    if (!table.isOpen) return;
    // RFC 7313 section 4: the markers may not come before the End-of-RIB, which is owed for the whole table anyway.
    if (table.isRefreshing || table.end) {
      table.refreshAgain = kind;
      return;
    }
    this.resend(family);
    table.isRefreshing = true;
    if (kind === "plain") return;
    table.begin = "beginRefresh";
    table.end = "endRefresh";
  }

  /**
   * Takes the next batch, as much as fits into one message; undefined when the peer has been told everything. Taken is
   * told: the caller hands it to the transport or closes the session.
   */
  next(room: RibRoom<A>): RibBatch<A> | undefined {
    for (const family of FAMILIES) {
      const batch = this.#nextOf(family, room);
      if (batch) return batch;
    }
    return undefined;
  }

  /** Withdrawals first: a black hole is worse than a route that comes later. */
  #nextOf(family: Family, room: RibRoom<A>): RibBatch<A> | undefined {
    const table = this.#tables[family];
    if (!table.isOpen) return undefined;
    const { begin } = table;
    if (begin) {
      table.begin = undefined;
      return { type: begin, family };
    }
    if (table.withdrawals.size > 0) return withdraw(table, family, room);
    for (const [attributes, prefixes] of table.announcements)
      return announce(table, attributes, { family, prefixes, room });
    const { end, refreshAgain } = table;
    table.end = undefined;
    table.isRefreshing = false;
    if (refreshAgain) {
      table.refreshAgain = undefined;
      this.refresh(family, refreshAgain);
    }
    if (end) return { type: end, family };
    return refreshAgain && this.#nextOf(family, room);
  }

  #tableOf(prefix: Prefix): Table<A> {
    return this.#tables[familyOf(prefixAddress(prefix))];
  }

  #sum(measure: (table: Table<A>) => number): number {
    return measure(this.#tables.ipv4) + measure(this.#tables.ipv6);
  }
}

const FAMILIES: readonly Family[] = ["ipv4", "ipv6"];

const emptyTable = <A>(): Table<A> => ({
  wanted: new Map(),
  sent: new Map(),
  withdrawals: new Set(),
  announcements: new Map(),
  isOpen: false,
  begin: undefined,
  end: undefined,
  isRefreshing: false,
  refreshAgain: undefined,
});

function forget<A>(table: Table<A>): void {
  table.sent.clear();
  table.withdrawals.clear();
  table.announcements.clear();
  table.isOpen = false;
  table.begin = undefined;
  table.end = undefined;
  table.isRefreshing = false;
  table.refreshAgain = undefined;
}

const isSaid = <A>(table: Table<A>): boolean =>
  !table.begin && !table.end && !table.refreshAgain && table.withdrawals.size === 0 && table.announcements.size === 0;

/** Where a prefix is queued follows from what is wanted and what was sent, so nothing else needs to remember it. */
function queue<A>(table: Table<A>, prefix: Prefix): void {
  if (!table.isOpen) return;
  const wanted = table.wanted.get(prefix);
  const sent = table.sent.get(prefix);
  if (wanted === sent) return;
  if (!wanted) {
    table.withdrawals.add(prefix);
    return;
  }
  const group = table.announcements.get(wanted);
  if (group) group.add(prefix);
  else table.announcements.set(wanted, new Set([prefix]));
}

function unqueue<A>(table: Table<A>, prefix: Prefix): void {
  if (!table.isOpen) return;
  const wanted = table.wanted.get(prefix);
  if (!wanted) {
    table.withdrawals.delete(prefix);
    return;
  }
  const group = table.announcements.get(wanted);
  group?.delete(prefix);
  if (group?.size === 0) table.announcements.delete(wanted);
}

function withdraw<A>(table: Table<A>, family: Family, room: RibRoom<A>): RibBatch<A> {
  const prefixes = take(table.withdrawals, room.withdraw(family), (prefix) => room.size(prefix, family));
  for (const prefix of prefixes) table.sent.delete(prefix);
  return { type: "withdraw", family, prefixes };
}

interface Group<A> {
  readonly family: Family;
  readonly prefixes: Set<Prefix>;
  readonly room: RibRoom<A>;
}

function announce<A>(table: Table<A>, attributes: A, { family, prefixes: group, room }: Group<A>): RibBatch<A> {
  const prefixes = take(group, room.announce(attributes, family), (prefix) => room.size(prefix, family));
  for (const prefix of prefixes) table.sent.set(prefix, attributes);
  if (group.size === 0) table.announcements.delete(attributes);
  return { type: "announce", family, attributes, prefixes };
}

/** At least one is taken, whatever the room: attributes that leave none are the caller's bug, and show as such. */
function take(from: Set<Prefix>, bytes: number, size: (prefix: Prefix) => number): Prefix[] {
  const taken: Prefix[] = [];
  let left = bytes;
  for (const prefix of from) {
    left -= size(prefix);
    if (left < 0 && taken.length > 0) break;
    taken.push(prefix);
    from.delete(prefix);
  }
  return taken;
}
