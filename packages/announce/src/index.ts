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
export { Layer2Planner, mergeCandidates } from "./planner.ts";
