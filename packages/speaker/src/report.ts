import {
  allowsInterface,
  carriesFamily,
  type DialId,
  type GroupAddress,
  type GroupDefinition,
  type GroupId,
  type Link,
} from "@heraldlb/election";
import { familyOf, type Ip, type Prefix } from "@heraldlb/net";
import type { Clock } from "@heraldlb/runtime";

/** Where a group's addresses are answered for. */
export interface GroupReport {
  readonly group: GroupId;
  /** Empty: nowhere. */
  readonly interfaces: readonly string[];
}

/** How the session with a router is. */
export interface PeerReport {
  readonly name: string;
  /** `established`: the whole table was sent, too; `gone`: the router is not configured any more. */
  readonly state: "down" | "established" | "gone";
  /** Why it went down or does not come up; empty if nothing is known. */
  readonly reason: string;
}

/** Which routers hear of a route. */
export interface RouteReport {
  readonly route: string;
  /** Empty: none. */
  readonly peers: readonly string[];
}

/**
 * A part of what is on the wire at this node: a part of everything, or, unless `complete`, what has changed since. The
 * first that is not complete ends what those before it have begun.
 */
export interface WireReport {
  readonly type: "report";
  readonly groups: readonly GroupReport[];
  readonly peers: readonly PeerReport[];
  readonly routes: readonly RouteReport[];
  readonly complete: boolean;
}

/** What BGP has on the wire. */
export interface BgpFacts {
  /** Names of all routers. */
  readonly peers: Iterable<string>;
  /** Names of all routes that a router may have heard of. */
  readonly routes: Iterable<string>;
  /** How the session with a router is; `gone` if there is none. */
  peer(name: string): PeerReport;
  /** Names of the routers that were told of a route and have not been told otherwise. */
  hearers(route: string): readonly string[];
  /** The prefix of a route that any router hears of; undefined: none does. */
  prefixHeard(route: string): Prefix | undefined;
}

/** Who is told what changes about {@link BgpFacts}. */
export interface BgpListener {
  peerChanged(name: string): void;
  routesChanged(ids: Iterable<string>): void;
}

/** What a {@link Reporter} works with. */
export interface ReporterDependencies {
  readonly clock: Clock;
  /** Undefined as long as there is no BGP. */
  bgp(): BgpFacts | undefined;
  /** Sends a report on a stream. */
  send(dial: DialId, report: WireReport): void;
  /** An address is answered for from now on, or no more. */
  show(address: Ip, isAnswered: boolean): void;
}

/** What one stream has yet to be told. */
interface Account {
  readonly groups: Set<GroupId>;
  readonly peers: Set<string>;
  readonly routes: Set<string>;
  /** Everything is still being told. */
  isOpening: boolean;
}

const INTERVAL_MS = 50;
// Some 20 KB, and 10,000 items in a second: what else the stream carries waits for so much at most.
const LARGEST_REPORT = 500;

/**
 * Tells controllers what is on the wire: each one everything first, then what changes.
 *
 * Changes wait for up to 50 ms, and for their turn if there are many. What is told is how things are then, so that what
 * changes back in between costs nothing; nothing is kept of what was told.
 */
export class Reporter implements BgpListener {
  readonly #dependencies: ReporterDependencies;
  readonly #answered = new Map<GroupId, readonly GroupAddress[]>();
  readonly #accounts = new Map<DialId, Account>();
  #links: readonly Link[] = [];
  #isArmed = false;

  constructor(dependencies: ReporterDependencies) {
    this.#dependencies = dependencies;
  }

  /** A stream is ready to be told everything. */
  begin(dial: DialId): void {
    const facts = this.#dependencies.bgp();
    const account = {
      groups: new Set(this.#answered.keys()),
      peers: new Set(facts?.peers),
      routes: new Set(facts?.routes),
      isOpening: true,
    };
    this.#accounts.set(dial, account);
    this.#send(dial, account);
    this.#arm();
  }

  /** A stream has ended. */
  end(dial: DialId): void {
    this.#accounts.delete(dial);
  }

  /** A group is answered for as it is defined here; undefined: it is not. */
  answer(id: GroupId, group: GroupDefinition | undefined): void {
    const { show } = this.#dependencies;
    const before = this.#answered.get(id);
    for (const { address } of before ?? []) show(address, false);
    for (const { address } of group?.addresses ?? []) show(address, true);
    this.#answered.delete(id);
    // Under the text that is kept anyway.
    if (group) this.#answered.set(group.id, group.addresses);
    if (before !== group?.addresses) this.#note("groups", [group?.id ?? id]);
  }

  /** Groups are defined in another way. */
  redefine(groups: Iterable<GroupDefinition>): void {
    for (const group of groups) if (this.#answered.has(group.id)) this.answer(group.id, group);
  }

  /** The usable interfaces are these. */
  linksChanged(links: readonly Link[]): void {
    const before = this.#links;
    this.#links = links;
    if (reachOf(links) !== reachOf(before)) this.#note("groups", this.#answered.keys());
  }

  peerChanged(name: string): void {
    this.#note("peers", [name]);
  }

  routesChanged(ids: Iterable<string>): void {
    this.#note("routes", ids);
  }

  #note(kind: "groups" | "peers" | "routes", names: Iterable<string>): void {
    if (this.#accounts.size === 0) return;
    for (const name of names) for (const account of this.#accounts.values()) account[kind].add(name);
    this.#arm();
  }

  #arm(): void {
    if (this.#isArmed || !this.#accounts.values().some(isOwed)) return;
    this.#isArmed = true;
    this.#dependencies.clock.timer(INTERVAL_MS, () => {
      this.#isArmed = false;
      for (const [dial, account] of this.#accounts) if (isOwed(account)) this.#send(dial, account);
      this.#arm();
    });
  }

  #send(dial: DialId, account: Account): void {
    const { send, bgp } = this.#dependencies;
    const facts = bgp();
    const groups = take(account.groups, LARGEST_REPORT);
    const peers = take(account.peers, LARGEST_REPORT - groups.length);
    const routes = take(account.routes, LARGEST_REPORT - groups.length - peers.length);
    send(dial, {
      type: "report",
      groups: groups.map((group) => ({ group, interfaces: this.#interfacesOf(group) })),
      peers: peers.map((name) => facts?.peer(name) ?? { name, state: "gone", reason: "" }),
      routes: routes.map((route) => ({ route, peers: facts?.hearers(route) ?? [] })),
      complete: account.isOpening,
    });
    if (!account.isOpening || isOwed(account)) return;
    account.isOpening = false;
    send(dial, { type: "report", groups: [], peers: [], routes: [], complete: false });
  }

  #interfacesOf(group: GroupId): string[] {
    const addresses = this.#answered.get(group) ?? [];
    return this.#links.flatMap((link) => (addresses.some((address) => isAnsweredOn(link, address)) ? link.name : []));
  }
}

const isAnsweredOn = (link: Link, { address, interfaces }: GroupAddress): boolean =>
  allowsInterface(interfaces, link.name) && carriesFamily(link, familyOf(address));

/** Differs when groups may be answered for elsewhere. */
const reachOf = (links: readonly Link[]): string =>
  links.map((link) => `${link.name} ${carriesFamily(link, "ipv4")} ${carriesFamily(link, "ipv6")}`).join();

const isOwed = ({ groups, peers, routes }: Account): boolean => groups.size + peers.size + routes.size > 0;

function take(from: Set<string>, most: number): string[] {
  const taken = from.values().take(most).toArray();
  for (const name of taken) from.delete(name);
  return taken;
}
