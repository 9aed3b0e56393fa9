export type {
  BgpAdvertisement,
  BgpConflict,
  BgpPlan,
  BgpRoute,
  BgpService,
  BgpWithdrawReason,
  BgpWorld,
} from "./bgp.ts";
export { BgpPlanner } from "./bgp-planner.ts";
export { canServe } from "./endpoint.ts";
export type {
  AnnouncedPool,
  AnnouncedService,
  AnnouncingNode,
  Endpoint,
  Layer2Advertisement,
  Layer2Candidate,
  Layer2Plan,
  Layer2World,
  NodePreference,
  WithdrawReason,
} from "./layer2.ts";
export { mergeCandidates } from "./merge.ts";
export { Layer2Planner } from "./planner.ts";
export { type NodeRoutes, RouteTable } from "./route-table.ts";
export { EXCLUDE_LABEL, selectsPool } from "./selection.ts";
