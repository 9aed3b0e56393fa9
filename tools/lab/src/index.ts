export { type BackendOptions, backendListens, startBackend } from "./backend.ts";
export { BfdHost, type BfdScheduling, startBfd, type TimedReport } from "./bfd-host.ts";
export { Bfdd, type BfddOptions, type BfddPeer, startBfdd } from "./bfdd.ts";
export { Capture, CLAIMS_FILTER, type Frame } from "./capture.ts";
export {
  type Claim,
  type ClaimForm,
  claimantsOverTime,
  claimOf,
  doubleClaimMs,
  longestGapMs,
  type Run,
  runsOf,
} from "./claims.ts";
export { attempt, CommandError, type CommandOptions, type CommandResult, run } from "./command.ts";
export {
  type ControllerOptions,
  Deployment,
  type DeploymentOptions,
  heraldCommand,
  type SpeakerOptions,
  STREAM_PORT,
} from "./deployment.ts";
export { type Flows, flowsTo, movedShare } from "./flows.ts";
export { Host, type Neighbour } from "./host.ts";
export { runInside } from "./inside.ts";
export {
  createLab,
  Lab,
  LabError,
  type LabOptions,
  removeCrashedLabs,
  removeLab,
  SERVICE_PORT,
} from "./lab.ts";
export { type Exit, LabProcess, type StartOptions } from "./lab-process.ts";
export { type LabRouter, type RoutesByPrefix, startRouter } from "./lab-router.ts";
export {
  advertisementManifest,
  type EndpointsManifest,
  endpointsManifest,
  manifests,
  nodeManifest,
  poolManifest,
  type ServiceManifest,
  serviceManifest,
} from "./manifests.ts";
export { monotonicMs } from "./monotonic.ts";
export { type Answers, type Observation, type ObservationOptions, observe } from "./observation.ts";
export { openLab } from "./open-lab.ts";
export { type Outage, type Probe, type ProbeSummary, summarizeProbes } from "./outage.ts";
export {
  type HostInterface,
  type HostPlan,
  type HostRole,
  type LabPlan,
  type LabShape,
  type NetworkName,
  planLab,
  serviceAddress,
} from "./plan.ts";
export { missingPrerequisites } from "./prerequisites.ts";
export { Prober, type ProberOptions, startProber, type Window } from "./prober.ts";
export { identify, isRunning, type ProcessId, processesIn } from "./process-id.ts";
export { hostCount, labProgram, runLabProgram } from "./program.ts";
export { Frr, type FrrOptions } from "./router.ts";
export { Bird, type BirdOptions } from "./router-bird.ts";
export { LAB_NODE_ASN, LAB_ROUTER_ASN, ROUTER_KINDS, type RouterKind } from "./router-config.ts";
export { ExaBgp, type ExaBgpOptions } from "./router-exabgp.ts";
export { GoBgp, type GoBgpOptions } from "./router-gobgp.ts";
export { type Fault, faultRules, type Serving, serveRules } from "./rules.ts";
export { scriptCommand } from "./script.ts";
export { labFolder } from "./state.ts";
export { describeHost, describeLab, type LabStatus, labs } from "./status.ts";
export { pass, type UntilOptions, until } from "./until.ts";
