import type {
  Epoch,
  GroupAddress,
  GroupDefinition,
  GroupId,
  InterfaceSet,
  SavedGroup,
  SavedOwnership,
} from "@heraldlb/election";
import { parseIp } from "@heraldlb/net";
import { sameAddresses } from "./definitions.ts";

/** Changes to what is saved. */
export interface OwnershipChange {
  readonly maxTerm: number;
  readonly termHolder: string;
  readonly saved: readonly SavedGroup[];
  readonly forgotten: readonly GroupId[];
}

/** What the state folder's `ownership.json` is to hold. */
export class OwnershipRecord {
  readonly #bootId: string;
  readonly #define: (id: GroupId) => GroupDefinition | undefined;
  readonly #groups = new Map<GroupId, SavedGroup>();
  #maxTerm = 0;
  #termHolder = "";

  /** `define` finds the definitions that are kept anyway, so that they are not kept twice. */
  constructor(
    bootId: string,
    saved?: SavedOwnership,
    define: (id: GroupId) => GroupDefinition | undefined = () => undefined,
  ) {
    this.#bootId = bootId;
    this.#define = define;
    if (!saved) return;
    this.#maxTerm = saved.maxTerm;
    this.#termHolder = saved.termHolder;
    // Whatever was owned before a reboot has been given to others since.
    if (saved.bootId === bootId) for (const group of saved.groups) this.#groups.set(group.id, group);
  }

  apply({ maxTerm, termHolder, saved, forgotten }: OwnershipChange): void {
    this.#maxTerm = maxTerm;
    this.#termHolder = termHolder;
    for (const id of forgotten) this.#groups.delete(id);
    for (const group of saved.map((one) => this.#shared(one))) this.#groups.set(group.id, group);
  }

  find(id: GroupId): SavedGroup | undefined {
    return this.#groups.get(id);
  }

  /** The content of the file. */
  format(): string {
    const { maxTerm, termHolder, groups } = this.snapshot();
    return `${JSON.stringify({ version: 1, boot_id: this.#bootId, max_term: maxTerm, term_holder: termHolder, groups })}\n`;
  }

  #shared(group: SavedGroup): SavedGroup {
    const known = this.#define(group.id);
    if (!known || !sameAddresses(known.addresses, group.addresses)) return group;
    return { id: known.id, addresses: known.addresses, epoch: group.epoch };
  }

  snapshot(): SavedOwnership {
    return {
      bootId: this.#bootId,
      maxTerm: this.#maxTerm,
      termHolder: this.#termHolder,
      groups: [...this.#groups.values()],
    };
  }
}

/** Reads `ownership.json`. Throws if it is anything else than what an `OwnershipRecord` writes. */
export function parseOwnership(text: string): SavedOwnership {
  const { version, boot_id, max_term, term_holder, groups } = record(JSON.parse(text), "file");
  if (version !== 1) throw new Error("not version 1");
  return {
    bootId: string(boot_id, "boot_id"),
    maxTerm: count(max_term, "max_term"),
    termHolder: string(term_holder, "term_holder"),
    groups: array(groups, "groups").map(parseGroup),
  };
}

function parseGroup(value: unknown): SavedGroup {
  const { id, addresses, epoch } = record(value, "group");
  return {
    id: string(id, "id"),
    addresses: array(addresses, "addresses").map(parseAddress),
    epoch: parseEpoch(record(epoch, "epoch")),
  };
}

function parseAddress(value: unknown): GroupAddress {
  const { address, interfaces } = record(value, "address");
  const ip = parseIp(string(address, "address"));
  if (ip === undefined) throw new Error(`not an address: ${String(address)}`);
  return { address: ip, interfaces: parseInterfaces(interfaces) };
}

const parseInterfaces = (value: unknown): InterfaceSet =>
  value === "all" ? "all" : array(value, "interfaces").map((name) => string(name, "interface"));

const parseEpoch = ({ term, counter }: Readonly<Record<string, unknown>>): Epoch => ({
  term: count(term, "term"),
  counter: count(counter, "counter"),
});

function record(value: unknown, what: string): Readonly<Record<string, unknown>> {
  if (typeof value !== "object" || value === null) throw new Error(`${what}: not an object`);
  // An object has any keys, with values that are not known yet.
  return value as Readonly<Record<string, unknown>>;
}

function array(value: unknown, what: string): readonly unknown[] {
  if (!Array.isArray(value)) throw new Error(`${what}: not a list`);
  return value;
}

function string(value: unknown, what: string): string {
  if (typeof value !== "string") throw new Error(`${what}: not a text`);
  return value;
}

function count(value: unknown, what: string): number {
  if (!Number.isSafeInteger(value) || (value as number) < 0) throw new Error(`${what}: not a count`);
  return value as number;
}
