import type { Ip } from "@heraldlb/net";

/** An address of a pool with a cool-down that somebody had, and nobody has now. */
export interface Freed {
  readonly address: Ip;
  /** When it was given up, in ms since the epoch. */
  readonly at: number;
  /** Key of the Service that had it last: it may have it back at any time. */
  readonly by: string;
}
