import type { Ip } from "@heraldlb/net";
import type { PeerDefinition, RouteDefinition, ServiceDefinition } from "./bgp-definition.ts";

/** Where an address is answered for on one node: on all interfaces that the speaker may use, or on these. */
type Interfaces = "all" | readonly string[];

/** One thing, as one node is told of it. */
export type Definition = GroupDefinition | ItemDefinition;

/** One thing that a node is told about BGP. */
export type ItemDefinition = PeerDefinition | RouteDefinition | ServiceDefinition;

/** Which thing. */
export type DefinitionKey = Pick<Definition, "type" | "id">;

/** One group, as one node is told of it. */
export interface GroupDefinition {
  readonly type: "group";
  readonly id: string;
  readonly addresses: readonly Ip[];
  /** For each of the addresses, keys of the Services that hold it: they are for metrics. */
  readonly holders?: readonly (readonly string[])[] | undefined;
  readonly interfaces: Interfaces;
  /** How often the owner repeats its announcements, in milliseconds; undefined: never. */
  readonly refreshMs?: number | undefined;
}

/** How a node announces a group. */
export type Manner = Pick<GroupDefinition, "interfaces" | "refreshMs">;

/** The nodes that a group is defined on, and how each would announce it. Groups that are alike share one such map. */
export type Reach = ReadonlyMap<string, Manner>;

/** What changed for one node. */
export interface DefinitionDelta {
  readonly changed: readonly Definition[];
  readonly removed: readonly DefinitionKey[];
}

/** A group as all nodes are told of it. */
type SharedPart = Pick<GroupDefinition, "id" | "addresses" | "holders">;

interface Entry {
  readonly group: SharedPart;
  readonly reach: Reach;
  /** One object for all nodes that announce it alike, so that what is sent to many is made once. */
  readonly variants: Map<string, GroupDefinition>;
}

/** What one node is told about BGP, by `keyText`. */
type NodeItems = Map<string, ItemDefinition>;

/** A change of a group, or of what a single node is told about BGP. */
type Change =
  | { readonly type: "group"; readonly id: string; readonly before: Reach | undefined }
  | { readonly type: "item"; readonly node: string; readonly key: DefinitionKey; readonly existed: boolean };

const NOWHERE: Reach = new Map();

/**
 * All definitions with a revision that rises with each change, and the last changes.
 *
 * A node sees only the groups that reach it; for it, a group that stops reaching it is removed. What it is told about BGP
 * is its own.
 */
export class Definitions {
  readonly #entries = new Map<string, Entry>();
  readonly #items = new Map<string, NodeItems>();
  /** `#changes[i]` made revision `#base + i + 1`. */
  #changes: Change[] = [];
  #base = 0;
  readonly #remember: number;

  /** `remember`: how many changes at least a speaker may have missed and still get only those. */
  constructor(remember: number) {
    this.#remember = remember;
  }

  /** The number of the last change; 0 before the first. */
  get revision(): number {
    return this.#base + this.#changes.length;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** Defines a group. Nothing happens if that is what it was. */
  set(group: SharedPart, reach: Reach): void {
    const { id } = group;
    const before = this.#entries.get(id);
    if (before && sameGroup(before.group, group) && sameReach(before.reach, reach)) return;
    this.#entries.set(id, { group, reach, variants: new Map() });
    this.#log({ type: "group", id, before: before?.reach });
  }

  /** Ends a group. */
  delete(id: string): void {
    const before = this.#entries.get(id);
    if (!before) return;
    this.#entries.delete(id);
    this.#log({ type: "group", id, before: before.reach });
  }

  /** Tells a node something about BGP. Nothing happens if it is the very one that it was told of. */
  tell(node: string, item: ItemDefinition): void {
    const items = this.#items.get(node) ?? (new Map() as NodeItems);
    if (items.size === 0) this.#items.set(node, items);
    const key = keyText(item);
    const before = items.get(key);
    if (before === item) return;
    items.set(key, item);
    this.#log({ type: "item", node, key: { type: item.type, id: item.id }, existed: before !== undefined });
  }

  /** Takes back what a node was told about BGP. */
  untell(node: string, key: DefinitionKey): void {
    const items = this.#items.get(node);
    if (!items?.delete(keyText(key))) return;
    if (items.size === 0) this.#items.delete(node);
    this.#log({ type: "item", node, key, existed: true });
  }

  /** Ends everything: whoever decides next defines it anew. */
  clear(): void {
    for (const id of [...this.#entries.keys()]) this.delete(id);
    for (const [node, items] of [...this.#items]) for (const item of [...items.values()]) this.untell(node, item);
  }

  /** Every group that reaches the node, and what it is told about BGP. */
  snapshot(node: string): Definition[] {
    const definitions: Definition[] = [...(this.#items.get(node)?.values() ?? [])];
    for (const entry of this.#entries.values()) {
      const definition = define(entry, node);
      if (definition) definitions.push(definition);
    }
    return definitions;
  }

  /** Whether what came after this revision is still known. */
  remembers(since: number): boolean {
    return since >= this.#base && since <= this.revision;
  }

  /** What the node lacks that has everything up to `since`; undefined if that is too long ago or never was. */
  delta(node: string, since: number): DefinitionDelta | undefined {
    if (!this.remembers(since)) return undefined;
    const touched = new Map<string, { readonly key: DefinitionKey; had: boolean }>();
    for (let index = since - this.#base; index < this.#changes.length; index++) {
      const change = this.#changes[index] as Change;
      if (change.type === "item" && change.node !== node) continue;
      const key: DefinitionKey = change.type === "group" ? change : change.key;
      const had = change.type === "group" ? (change.before ?? NOWHERE).has(node) : change.existed;
      const known = touched.get(keyText(key));
      if (known) known.had ||= had;
      else touched.set(keyText(key), { key: { type: key.type, id: key.id }, had });
    }
    const changed: Definition[] = [];
    const removed: DefinitionKey[] = [];
    for (const { key, had } of touched.values()) {
      const definition = this.#define(key, node);
      if (definition) changed.push(definition);
      else if (had) removed.push(key);
    }
    return { changed, removed };
  }

  #define(key: DefinitionKey, node: string): Definition | undefined {
    if (key.type !== "group") return this.#items.get(node)?.get(keyText(key));
    const entry = this.#entries.get(key.id);
    return entry && define(entry, node);
  }

  #log(change: Change): void {
    this.#changes.push(change);
    // Twice as many before any are dropped, so that a change costs no copying on average.
    if (this.#changes.length <= this.#remember * 2) return;
    const dropped = this.#changes.length - this.#remember;
    this.#changes = this.#changes.slice(dropped);
    this.#base += dropped;
  }
}

const keyText = ({ type, id }: DefinitionKey): string => `${type} ${id}`;

function define(entry: Entry, node: string): GroupDefinition | undefined {
  const manner = entry.reach.get(node);
  if (!manner) return undefined;
  const { interfaces, refreshMs } = manner;
  const key = `${refreshMs} ${interfaces === "all" ? "all" : `=${interfaces.join("\n")}`}`;
  const known = entry.variants.get(key);
  if (known) return known;
  const definition: GroupDefinition = { type: "group", ...entry.group, interfaces, refreshMs };
  entry.variants.set(key, definition);
  return definition;
}

function sameGroup(a: SharedPart, b: SharedPart): boolean {
  const holdersOf = ({ holders = [] }: SharedPart) => holders.join("\n");
  return sameItems(a.addresses, b.addresses) && holdersOf(a) === holdersOf(b);
}

function sameReach(a: Reach, b: Reach): boolean {
  if (a === b) return true;
  if (a.size !== b.size) return false;
  for (const [node, { interfaces, refreshMs }] of a) {
    const other = b.get(node);
    if (!other || other.refreshMs !== refreshMs || !sameInterfaces(interfaces, other.interfaces)) return false;
  }
  return true;
}

function sameInterfaces(a: Interfaces, b: Interfaces): boolean {
  return a === b || (a !== "all" && b !== "all" && sameItems(a, b));
}

function sameItems(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((item, index) => item === b[index]);
}
