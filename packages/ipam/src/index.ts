export type {
  Action,
  AssignCause,
  Holding,
  Refusal,
  RefusalReason,
  ReleaseReason,
  StrandedReason,
} from "./action.ts";
export { Allocator } from "./allocator.ts";
export type { AllocatorConfig, Change } from "./change.ts";
export type { Explanation, PoolRefusal, RefusedPool } from "./explanation.ts";
export type { Freed } from "./freed.ts";
export type { Held } from "./ledger.ts";
export { plan, type World } from "./plan.ts";
export type { PoolAllocation, PoolInput, PoolSet } from "./pool.ts";
export type { IpFamilyPolicy, ServiceInput } from "./service.ts";
export { parseServiceIp } from "./service-ip.ts";
export type { ServicePort, SharingTerms } from "./sharing.ts";
