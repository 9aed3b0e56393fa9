export { Cluster, type ClusterDependencies, type ClusterOptions, type Remembered } from "./cluster.ts";
export {
  Controller,
  type ControllerDependencies,
  type ControllerObserver,
  type ControllerOptions,
  type ServedStream,
} from "./controller.ts";
export type { HubStatus } from "./hub.ts";
export type { StatusRecord, StatusStore } from "./ledger.ts";
export { type RunContext, type RunOptions, runController } from "./run.ts";
