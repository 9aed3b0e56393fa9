import type { Ipv4 } from "@heraldlb/net";

/** A large community, three times 32 bits (RFC 8092). */
export interface LargeCommunity {
  readonly administrator: number;
  readonly local1: number;
  readonly local2: number;
}

/**
 * An extended community (RFC 4360, RFC 5668), eight bytes.
 *
 * `subtype` says what it means: 2 is a route target, 3 a route origin. `transitive` ones cross AS borders.
 */
export type ExtendedCommunity =
  | LinkBandwidth
  | {
      readonly type: "twoByteAs";
      readonly transitive: boolean;
      readonly subtype: number;
      readonly asn: number;
      readonly value: number;
    }
  | {
      readonly type: "ipv4";
      readonly transitive: boolean;
      readonly subtype: number;
      readonly address: Ipv4;
      readonly value: number;
    }
  | {
      readonly type: "fourByteAs";
      readonly transitive: boolean;
      readonly subtype: number;
      readonly asn: number;
      readonly value: number;
    }
  | { readonly type: "unknown"; readonly value: Uint8Array };

/** The weight of a path among equal ones (draft-ietf-idr-link-bandwidth). */
export interface LinkBandwidth {
  readonly type: "linkBandwidth";
  readonly transitive: boolean;
  /** Two bytes. */
  readonly asn: number;
  /** Rounded to a 32-bit float on the wire. */
  readonly bytesPerSecond: number;
}
