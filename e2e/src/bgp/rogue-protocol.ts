/** A router that does not behave. */
export interface Rogue {
  readonly port: number;
  /** What it sends first, in hexadecimal. */
  readonly open: string;
  /** What it sends when the session has been confirmed, in hexadecimal. */
  readonly established: string;
}

/** What happened to it. */
export interface RogueLine {
  readonly port: number;
  readonly type: "open" | "update" | "notification" | "keepalive" | "routeRefresh" | "closed";
  /** Those of a NOTIFICATION. */
  readonly code?: number;
  readonly subcode?: number;
}
