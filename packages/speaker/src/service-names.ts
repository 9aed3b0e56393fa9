import type { Ip } from "@heraldlb/net";

/** A Service that routes of this node are for. */
export interface RoutedService {
  /** As `NAMESPACE/NAME`. */
  readonly name: string;
  readonly addresses: readonly Ip[];
  /** Names of its routes: each is for those of the addresses that its prefix contains. */
  readonly routes: readonly string[];
}

/** All names that are known. */
export interface KnownServices {
  /** For each address of a group, the Services that have it, as `NAMESPACE/NAME`; not empty. */
  readonly ofAddresses: ReadonlyMap<Ip, readonly string[]>;
  readonly routed: readonly RoutedService[];
}

/** What is different about the Services that routes are for. */
export interface RoutedChanges {
  readonly changed: readonly RoutedService[];
  readonly removed: readonly string[];
}

const NOBODY: readonly string[] = [];

/** Whose addresses this node announces. Metrics tell it, and nothing else depends on it. */
export class ServiceNames {
  readonly #ofAddresses: Map<Ip, readonly string[]>;
  readonly #routed = new Map<string, RoutedService>();

  constructor(known?: KnownServices) {
    this.#ofAddresses = new Map(known?.ofAddresses);
    this.replaceRouted(known?.routed ?? []);
  }

  /** Everything that is known. */
  get all(): KnownServices {
    return { ofAddresses: this.#ofAddresses, routed: [...this.#routed.values()] };
  }

  /** The Services that routes are for. */
  get routed(): Iterable<RoutedService> {
    return this.#routed.values();
  }

  /** The Services that have an address of a group. */
  of(address: Ip): readonly string[] {
    return this.#ofAddresses.get(address) ?? NOBODY;
  }

  /** These addresses are of a group no more. */
  forget(addresses: Iterable<{ readonly address: Ip }>): void {
    for (const { address } of addresses) this.#ofAddresses.delete(address);
  }

  /** An address of a group has these Services. */
  set(address: Ip, services: readonly string[]): void {
    if (services.length > 0) this.#ofAddresses.set(address, services);
  }

  /** Routes are for these Services, and no others. */
  replaceRouted(services: readonly RoutedService[]): void {
    this.#routed.clear();
    this.changeRouted({ changed: services, removed: [] });
  }

  /** Routes are for other Services. */
  changeRouted({ changed, removed }: RoutedChanges): void {
    for (const name of removed) this.#routed.delete(name);
    for (const service of changed) this.#routed.set(service.name, service);
  }
}
