import type { Ip } from "@heraldlb/net";
import type { SharingTerms } from "./sharing.ts";

/** Addresses that are held on terms that allow sharing, by these terms. */
export class ShareIndex {
  readonly #addresses = new Map<string, Set<Ip>>();

  add(terms: SharingTerms, address: Ip): void {
    if (!terms.sharingKey) return;
    const key = keyOf(terms);
    const set = this.#addresses.get(key);
    if (set) set.add(address);
    else this.#addresses.set(key, new Set([address]));
  }

  delete(terms: SharingTerms, address: Ip): void {
    const key = keyOf(terms);
    const set = this.#addresses.get(key);
    set?.delete(address);
    if (set?.size === 0) this.#addresses.delete(key);
  }

  /** The addresses that are held on these terms, ports aside. */
  on(terms: SharingTerms): Iterable<Ip> {
    return (terms.sharingKey && this.#addresses.get(keyOf(terms))) || [];
  }
}

function keyOf({ sharingKey, backendKey }: SharingTerms): string {
  return JSON.stringify([sharingKey, backendKey]);
}
