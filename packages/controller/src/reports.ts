import type { InterfaceSet, Link, StreamId } from "@heraldlb/election";
import type { AppliedError, Report } from "./messages.ts";
import { type Failure, Failures } from "./reports-failures.ts";
import { ReportTable } from "./reports-table.ts";

/** The stream that a report came on, whose speaker has proved to be of that node. */
export interface ReportSource {
  readonly node: string;
  readonly stream: StreamId;
}

/** A session of a node with a router. */
export interface ReportedSession {
  readonly node: string;
  /** Name of the BGPPeer. */
  readonly peer: string;
  /** `established`: the router was told the whole table, too. */
  readonly state: "established" | "down";
  /** Why it went down or does not come up; empty if it is established or nothing is known. */
  readonly reason: string;
}

/** What is different since this was last told. Some of it may be as it was before. */
export interface ReportChanges {
  /** Ids of groups that are answered for in another way. */
  readonly groups: ReadonlySet<string>;
  /** Ids of routes that other routers hear of. */
  readonly routes: ReadonlySet<string>;
  /** Nodes with sessions in other states, or other interfaces, and those that have become known, or unknown. */
  readonly nodes: ReadonlySet<string>;
  /** Nodes that could not apply other definitions than before. */
  readonly failures: ReadonlySet<string>;
}

/** What is known of a node. */
interface Account {
  readonly stream: StreamId;
  /** How far it is with telling everything. */
  phase: "begun" | "telling" | "known";
  readonly sessions: Map<string, Omit<ReportedSession, "node" | "peer">>;
  /** Names of the interfaces that exist and may be used, in order; undefined: not told yet. */
  interfaces: readonly string[] | undefined;
}

const MOST_SESSIONS = 1_000;
const MOST_INTERFACES = 10_000;
const LONGEST_NAME = 512;
const LONGEST_REASON = 512;

/**
 * What is on the wire, as speakers report it. A standby knows it, too.
 *
 * Nothing that a node says can be about another one, and no node can take more than some ten megabytes.
 */
export class Reports {
  readonly #groups = new ReportTable();
  readonly #routes = new ReportTable();
  readonly #failures = new Failures();
  readonly #accounts = new Map<string, Account>();
  readonly #callbacks = new Set<(changes: ReportChanges) => void>();
  #changes = noChanges();
  #refused = 0;

  /** A speaker has said something. What a node's earlier streams have said counts no more. */
  note({ node, stream }: ReportSource, report: Pick<Report, "groups" | "peers" | "routes" | "complete">): void {
    const account = this.#accountOf(node, stream);
    if (!account) return;
    if (report.complete && account.phase !== "telling") {
      this.#clear(node);
      account.phase = "telling";
    }
    for (const { group, interfaces } of report.groups) this.#set("groups", { node, id: group, names: interfaces });
    for (const { route, peers } of report.routes) this.#set("routes", { node, id: route, names: peers });
    for (const peer of report.peers) this.#setSession(node, account, peer);
    if (report.complete || account.phase !== "telling") return;
    account.phase = "known";
    this.#changes.nodes.add(node);
  }

  /** A speaker has said which interfaces it may use. */
  noteLinks({ node, stream }: ReportSource, links: readonly Pick<Link, "name" | "present">[]): void {
    const account = this.#accountOf(node, stream);
    if (!account) return;
    const present = links.flatMap(({ name, present }) => (present && name.length <= LONGEST_NAME ? name : []));
    const interfaces = present.slice(0, MOST_INTERFACES).sort();
    if (account.interfaces?.join() === interfaces.join()) return;
    account.interfaces = interfaces;
    this.#changes.nodes.add(node);
  }

  /** A node has applied definitions, all but these. Returns what it has not said before. */
  noteApplied(node: string, errors: readonly AppliedError[]): readonly AppliedError[] {
    const added = this.#failures.note(node, errors);
    if (added) this.#changes.failures.add(node);
    return added ?? [];
  }

  /** The definitions that the node could not apply, as far as it has said. */
  failures(node: string): readonly Failure[] {
    return this.#failures.of(node);
  }

  /** Whether the node is known to have none of these interfaces; one that is down is there. */
  lacks(node: string, interfaces: InterfaceSet): boolean {
    const existing = this.#accounts.get(node)?.interfaces;
    return existing !== undefined && interfaces !== "all" && !interfaces.some((name) => existing.includes(name));
  }

  /** A stream has ended: nothing is known of its node, unless another stream has begun since. */
  lost({ node, stream }: ReportSource): void {
    if (this.#accounts.get(node)?.stream !== stream) return;
    this.#clear(node);
    this.#accounts.delete(node);
  }

  /** The node has told everything. Until then, that nothing is known of it means nothing. */
  isKnown(node: string): boolean {
    return this.#accounts.get(node)?.phase === "known";
  }

  /** The nodes that answer for a group, and on which interfaces. */
  group(id: string): readonly { readonly node: string; readonly interfaces: readonly string[] }[] {
    return this.#groups.of(id).map(({ node, names }) => ({ node, interfaces: names }));
  }

  /** The nodes whose routers hear of a route, with the names of these routers. */
  route(id: string): readonly { readonly node: string; readonly peers: readonly string[] }[] {
    return this.#routes.of(id).map(({ node, names }) => ({ node, peers: names }));
  }

  /** The state of a node's session with a router; undefined: the node has not said that it has one. */
  session(node: string, peer: string): ReportedSession["state"] | undefined {
    return this.#accounts.get(node)?.sessions.get(peer)?.state;
  }

  /** Names of the BGPPeers with which the node has established sessions. */
  established(node: string): readonly string[] {
    const sessions = this.#accounts.get(node)?.sessions ?? [];
    return Array.from(sessions, ([peer, { state }]) => (state === "established" ? peer : [])).flat();
  }

  /** The sessions of all nodes. */
  *sessions(): Generator<ReportedSession, void, undefined> {
    for (const [node, { sessions }] of this.#accounts) {
      for (const [peer, session] of sessions) yield { node, peer, ...session };
    }
  }

  /** How many groups anybody answers for, and how many routes any router hears of. */
  get size(): { readonly groups: number; readonly routes: number } {
    return { groups: this.#groups.size, routes: this.#routes.size };
  }

  /** How often something was more than can be kept of one node. */
  get refused(): number {
    return this.#refused;
  }

  /** Has changes told at the end of each turn, until it is disposed of. */
  onChange(callback: (changes: ReportChanges) => void): Disposable {
    this.#callbacks.add(callback);
    return { [Symbol.dispose]: () => void this.#callbacks.delete(callback) };
  }

  /** An event was followed to its end: tells what it has changed. */
  endTurn(): void {
    const { groups, routes, nodes, failures } = this.#changes;
    if (groups.size + routes.size + nodes.size + failures.size === 0) return;
    const changes = this.#changes;
    this.#changes = noChanges();
    for (const callback of this.#callbacks) callback(changes);
  }

  #accountOf(node: string, stream: StreamId): Account | undefined {
    const known = this.#accounts.get(node);
    if (known && known.stream >= stream) return known.stream === stream ? known : undefined;
    if (known) this.#clear(node);
    const account: Account = { stream, phase: "begun", sessions: new Map(), interfaces: undefined };
    this.#accounts.set(node, account);
    return account;
  }

  #set(
    kind: "groups" | "routes",
    { node, id, names }: { readonly node: string; readonly id: string; readonly names: readonly string[] },
  ): void {
    const outcome = (kind === "groups" ? this.#groups : this.#routes).set(node, id, names);
    if (outcome === "changed") this.#changes[kind].add(id);
    else if (outcome === "refused") this.#refused++;
  }

  #setSession(node: string, { sessions }: Account, { name, state, reason }: Report["peers"][number]): void {
    if (state === "gone") {
      if (sessions.delete(name)) this.#changes.nodes.add(node);
      return;
    }
    if (name.length > LONGEST_NAME || (sessions.size >= MOST_SESSIONS && !sessions.has(name))) {
      this.#refused++;
      return;
    }
    // Why a session is down is another thing at each attempt, and concerns nobody who is told of changes.
    if (sessions.get(name)?.state !== state) this.#changes.nodes.add(node);
    sessions.set(name, { state, reason: reason.slice(0, LONGEST_REASON) });
  }

  #clear(node: string): void {
    for (const id of this.#groups.clear(node)) this.#changes.groups.add(id);
    for (const id of this.#routes.clear(node)) this.#changes.routes.add(id);
    const account = this.#accounts.get(node);
    if (!account) return;
    account.sessions.clear();
    this.#changes.nodes.add(node);
  }
}

const noChanges = () => ({
  ...{ groups: new Set<string>(), routes: new Set<string>() },
  ...{ nodes: new Set<string>(), failures: new Set<string>() },
});
