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
export { Layer2Planner, selectsPool } from "./planner.ts";
