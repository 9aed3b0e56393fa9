import { compareIps } from "@heraldlb/net";
import type { Interface, InterfaceAddress, InterfaceEvent } from "./interface.ts";
import type { AddressState, LinkState, RouteMessage } from "./rtnetlink.ts";

/** Turns the kernel's messages into differences. Tells none until a listing of links and addresses has ended. */
export class InterfaceTable {
  readonly #published = new Map<number, Interface>();
  readonly #links = new Map<number, LinkState>();
  readonly #addresses = new Map<number, Map<string, InterfaceAddress>>();
  readonly #unsettled = new Set<number>();
  #listing = true;

  /** Forgets what it was told, but not what it published: the next listing's end tells what differs. */
  beginListing(): void {
    this.#links.clear();
    this.#addresses.clear();
    this.#unsettled.clear();
    this.#listing = true;
  }

  /** Ends the listing; returns what differs from what was published before, then `synced`. */
  endListing(): InterfaceEvent[] {
    this.#listing = false;
    const indexes = new Set([...this.#published.keys(), ...this.#links.keys()]);
    return [...[...indexes].sort((a, b) => a - b).flatMap((index) => this.#publish(index)), { type: "synced" }];
  }

  /**
   * Takes one message; returns what it changes.
   *
   * Each state of a link is told, so that a short flap is not overlooked. Addresses wait for {@link settle}: a host
   * may have thousands of them, which come one by one.
   */
  apply(message: RouteMessage): InterfaceEvent[] {
    switch (message.type) {
      case "link":
        this.#links.set(message.link.index, message.link);
        return this.#publish(message.link.index);
      case "linkRemoved":
        this.#links.delete(message.index);
        this.#addresses.delete(message.index);
        return this.#publish(message.index);
      case "address":
      case "addressRemoved":
        this.#noteAddress(message.address, message.type);
        return [];
      case "done":
      case "error":
      case "overrun":
        return [];
    }
  }

  /** Returns what the addresses since the last call have changed. */
  settle(): InterfaceEvent[] {
    return [...this.#unsettled].flatMap((index) => this.#publish(index));
  }

  #noteAddress({ index, ...address }: AddressState, type: "address" | "addressRemoved"): void {
    const addresses = this.#addresses.get(index) ?? new Map<string, InterfaceAddress>();
    const key = `${address.address}/${address.prefixLength}`;
    if (type === "address") addresses.set(key, address);
    else addresses.delete(key);
    this.#addresses.set(index, addresses);
    this.#unsettled.add(index);
  }

  #publish(index: number): InterfaceEvent[] {
    if (this.#listing) return [];
    this.#unsettled.delete(index);
    const previous = this.#published.get(index);
    const link = this.#links.get(index);
    if (!link) {
      this.#published.delete(index);
      return previous ? [{ type: "removed", interface: previous }] : [];
    }
    const current: Interface = { ...link, addresses: this.#addressesOf(index) };
    if (previous && JSON.stringify(previous) === JSON.stringify(current)) return [];
    this.#published.set(index, current);
    return [{ type: "changed", interface: current, previous }];
  }

  #addressesOf(index: number): InterfaceAddress[] {
    return [...(this.#addresses.get(index)?.values() ?? [])].sort(
      (a, b) => compareIps(a.address, b.address) || a.prefixLength - b.prefixLength,
    );
  }
}
