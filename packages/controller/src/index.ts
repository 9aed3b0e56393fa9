export { Cluster, type ClusterDependencies, type ClusterOptions, type Remembered } from "./cluster.ts";
export { Controller } from "./controller.ts";
export type {
  ControllerDependencies,
  ControllerObserver,
  ControllerOptions,
  ServedStream,
} from "./controller-ports.ts";
export type { HubStatus } from "./hub.ts";
export type { StatusRecord, StatusStore } from "./ledger.ts";
export { fromRequest } from "./messages.ts";
export { type ReportedSession, type ReportSource, Reports } from "./reports.ts";
export { type RunContext, type RunOptions, runController } from "./run.ts";
export type { ObjectEvent } from "./status/object-event.ts";
export { type ServiceFacts, type StatusModel, StatusPublisher } from "./status/status-publisher.ts";
export { StatusWriter } from "./status/status-writer.ts";
