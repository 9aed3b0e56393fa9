import type { Ip } from "@heraldlb/net";

const NOBODY: readonly never[] = [];

/** Who has each address. Nearly every one has a single tenant, who stands for a list of one: lists take much room. */
export class Tenants<Tenant extends string | object> {
  readonly #tenants = new Map<Ip, Tenant | readonly Tenant[]>();

  /** How many addresses have a tenant. */
  get size(): number {
    return this.#tenants.size;
  }

  /** The addresses that have a tenant. */
  addresses(): IteratorObject<Ip> {
    return this.#tenants.keys();
  }

  has(address: Ip): boolean {
    return this.#tenants.has(address);
  }

  /** Those who have the address, in the order in which they came. */
  of(address: Ip): readonly Tenant[] {
    const found = this.#tenants.get(address);
    if (found === undefined) return NOBODY;
    return isList(found) ? found : [found];
  }

  /** Adds one who does not have the address; true if nobody had it. */
  add(address: Ip, tenant: Tenant): boolean {
    const others = this.of(address);
    this.#tenants.set(address, others.length === 0 ? tenant : [...others, tenant]);
    return others.length === 0;
  }

  /** Takes the address from one of its tenants; true if nobody has it now. */
  delete(address: Ip, tenant: Tenant): boolean {
    const others = this.of(address).filter((other) => other !== tenant);
    const [first] = others;
    if (first === undefined) this.#tenants.delete(address);
    else this.#tenants.set(address, others.length === 1 ? first : others);
    return first === undefined;
  }
}

function isList<Tenant extends string | object>(found: Tenant | readonly Tenant[]): found is readonly Tenant[] {
  return Array.isArray(found);
}
