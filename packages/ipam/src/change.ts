import type { Freed } from "./freed.ts";
import type { PoolSet } from "./pool.ts";
import type { ServiceInput } from "./service.ts";

/** One thing that became different. Changes that come together (one reading of a folder) are applied together. */
export type Change =
  | { readonly type: "pools"; readonly set: PoolSet }
  | { readonly type: "service"; readonly service: ServiceInput }
  | { readonly type: "serviceRemoved"; readonly key: string }
  /** Addresses of which it is remembered that they were freed: those that nobody has begin where they were. */
  | { readonly type: "freed"; readonly freed: readonly Freed[] };

/** Settings of the allocator. */
export interface AllocatorConfig {
  /** What becomes of addresses whose pool was edited, renamed or deleted under them. */
  readonly onStranded: "keep" | "reassign";
}
