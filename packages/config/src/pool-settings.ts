import type { IpRange } from "@heraldlb/net";
import { heraldSetting } from "./herald-annotation.ts";
import type { IpAddressPool } from "./ip-address-pool.ts";

/** Herald's own settings of a pool, which stand in its annotations. */
export interface PoolSettings {
  /** How many of its addresses one namespace may hold; undefined: any number. */
  readonly quotaPerNamespace: number | undefined;
  /** How long a freed address rests, in milliseconds; undefined: not at all. If set, the longest unused one is next. */
  readonly coolDownMs: number | undefined;
  /** Addresses that only those get who ask for them, in the listed order; they may lie outside the pool. */
  readonly reserved: readonly IpRange[];
}

/** Reads a pool's annotations. */
export function poolSettings({ metadata: { annotations } }: IpAddressPool): PoolSettings {
  return {
    quotaPerNamespace: heraldSetting(annotations, "heraldlb.io/quota-per-namespace"),
    coolDownMs: heraldSetting(annotations, "heraldlb.io/cool-down"),
    reserved: heraldSetting(annotations, "heraldlb.io/reserved") ?? [],
  };
}
