import type { Ipv4 } from "@heraldlb/net";
import type { Capability } from "./capability.ts";

/** A session's first message (RFC 4271 section 4.2), always of version 4. */
export interface Open {
  readonly type: "open";
  /** 1 to 4294967295: the one in the four-byte AS capability if that is there (RFC 6793), else 1 to 65535. */
  readonly asn: number;
  /** 0 (no keepalives) or 3 to 65535. */
  readonly holdSeconds: number;
  readonly identifier: Ipv4;
  readonly capabilities: readonly Capability[];
}
