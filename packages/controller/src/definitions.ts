import type { Ip } from "@heraldlb/net";

/** Where an address is answered for on one node: on all interfaces that the speaker may use, or on these. */
export type Interfaces = "all" | readonly string[];

/** One group, as one node is told of it. */
export interface Definition {
  readonly id: string;
  readonly addresses: readonly Ip[];
  readonly interfaces: Interfaces;
}

/** The nodes that a group is defined on, with the interfaces. Groups that are alike share one such map. */
export type Reach = ReadonlyMap<string, Interfaces>;

/** What changed for one node. */
export interface DefinitionDelta {
  readonly changed: readonly Definition[];
  readonly removed: readonly string[];
}

interface Entry {
  readonly addresses: readonly Ip[];
  readonly reach: Reach;
  /** One object for all nodes with the same interfaces, so that what is sent to many is made once. */
  readonly variants: Map<string, Definition>;
}

interface Change {
  readonly id: string;
  readonly before: Reach | undefined;
}

const NOWHERE: Reach = new Map();

/**
 * All groups' definitions with a revision that rises with each change, and the last changes.
 *
 * A node sees only the groups that reach it; for it, a group that stops reaching it is removed.
 */
export class Definitions {
  readonly #entries = new Map<string, Entry>();
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
  set(id: string, addresses: readonly Ip[], reach: Reach): void {
    const before = this.#entries.get(id);
    if (before && sameItems(before.addresses, addresses) && sameReach(before.reach, reach)) return;
    this.#entries.set(id, { addresses, reach, variants: new Map() });
    this.#log({ id, before: before?.reach });
  }

  /** Ends a group. */
  delete(id: string): void {
    const before = this.#entries.get(id);
    if (!before) return;
    this.#entries.delete(id);
    this.#log({ id, before: before.reach });
  }

  /** Every group that reaches the node. */
  snapshot(node: string): Definition[] {
    const definitions: Definition[] = [];
    for (const [id, entry] of this.#entries) {
      const definition = define(id, entry, node);
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
    const reached = new Map<string, boolean>();
    for (let index = since - this.#base; index < this.#changes.length; index++) {
      const { id, before } = this.#changes[index] as Change;
      reached.set(id, reached.get(id) || (before ?? NOWHERE).has(node));
    }
    const changed: Definition[] = [];
    const removed: string[] = [];
    for (const [id, had] of reached) {
      const entry = this.#entries.get(id);
      const definition = entry && define(id, entry, node);
      if (definition) changed.push(definition);
      else if (had) removed.push(id);
    }
    return { changed, removed };
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

function define(id: string, entry: Entry, node: string): Definition | undefined {
  const interfaces = entry.reach.get(node);
  if (!interfaces) return undefined;
  const key = interfaces === "all" ? "all" : `=${interfaces.join("\n")}`;
  const known = entry.variants.get(key);
  if (known) return known;
  const definition: Definition = { id, addresses: entry.addresses, interfaces };
  entry.variants.set(key, definition);
  return definition;
}

function sameReach(a: Reach, b: Reach): boolean {
  if (a === b) return true;
  if (a.size !== b.size) return false;
  for (const [node, interfaces] of a) {
    const other = b.get(node);
    if (!other || !sameInterfaces(interfaces, other)) return false;
  }
  return true;
}

function sameInterfaces(a: Interfaces, b: Interfaces): boolean {
  return a === b || (a !== "all" && b !== "all" && sameItems(a, b));
}

function sameItems(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((item, index) => item === b[index]);
}
