import type { Prefix } from "@heraldlb/net";

/** A destination on the wire: a prefix of either family, and its path's identifier with add-path (RFC 7911). */
export interface Nlri {
  readonly prefix: Prefix;
  /** 32 bits. Present if and only if the session uses add-path for the prefix's family in this direction. */
  readonly pathId?: number;
}
