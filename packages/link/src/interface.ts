import type { Ip, Mac } from "@heraldlb/net";

/** An address that the kernel has on an interface. */
export interface InterfaceAddress {
  readonly address: Ip;
  readonly prefixLength: number;
  /** Whether its scope is the link, such as that of fe80::/10. */
  readonly linkLocal: boolean;
  /** Whether duplicate address detection has not ended well (yet): not to be used as a source (RFC 4862 section 5.4). */
  readonly tentative: boolean;
}

/** A network interface as the kernel last described it. */
export interface Interface {
  readonly index: number;
  readonly name: string;
  /** `undefined` where there is no 48-bit link-layer address, as on tunnels. */
  readonly mac: Mac | undefined;
  /** Whether it is administratively up (`IFF_UP`). */
  readonly up: boolean;
  /** Whether the lower layer carries signals (`IFF_LOWER_UP`) and the interface is operational (`IFF_RUNNING`). */
  readonly carrier: boolean;
  readonly loopback: boolean;
  /** Whether it can broadcast (`IFF_BROADCAST`). */
  readonly broadcast: boolean;
  /** Whether it does no neighbour resolution (`IFF_NOARP`). */
  readonly noArp: boolean;
  /** Index of the bridge, bond or VRF that it is part of. */
  readonly master: number | undefined;
  /** Ordered by address. */
  readonly addresses: readonly InterfaceAddress[];
}

/**
 * A difference between what was known and what is.
 *
 * `synced` ends the initial listing, and each later one after lost messages: only then is what was not
 * mentioned known to be absent.
 */
export type InterfaceEvent =
  | { readonly type: "changed"; readonly interface: Interface; readonly previous: Interface | undefined }
  | { readonly type: "removed"; readonly interface: Interface }
  | { readonly type: "synced" };
