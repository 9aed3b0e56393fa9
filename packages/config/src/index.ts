export type { BfdProfile } from "./bfd-profile.ts";
export type { BgpAdvertisement } from "./bgp-advertisement.ts";
export type { BgpPeer } from "./bgp-peer.ts";
export type { BgpTimers } from "./bgp-timers.ts";
export { changeProblems } from "./change.ts";
export type { EndpointSlice, Namespace, Node } from "./cluster.ts";
export type { Community } from "./community.ts";
export { type CommunityValue, formatCommunity } from "./community-value.ts";
export {
  type Candidate,
  type Configuration,
  EMPTY_CONFIGURATION,
  type InForce,
  type ObjectProblem,
} from "./configuration.ts";
export type { ConfigurationState } from "./configuration-state.ts";
export { convertBgpPeer } from "./convert-bgp-peer.ts";
export { seconds } from "./duration.ts";
export { HERALD_ANNOTATIONS, type HeraldAnnotationName, type HeraldValue, heraldSetting } from "./herald-annotation.ts";
export type { IpAddressPool } from "./ip-address-pool.ts";
export type { L2Advertisement } from "./l2-advertisement.ts";
export type { LostPool } from "./lost-pools.ts";
export type { Metadata } from "./metadata.ts";
export type { Origin } from "./origin.ts";
export { endpointKey } from "./peer-endpoint.ts";
export { type PoolEntry, type PoolEntryError, parsePoolEntry, poolNamespaces, poolRanges } from "./pool-addresses.ts";
export { type PoolSettings, poolSettings } from "./pool-settings.ts";
export { formatObjectId, type ObjectId, type Problem, type ProblemCode } from "./problem.ts";
export { type ReadContext, readResource } from "./read.ts";
export { type ResolveOptions, resolve } from "./resolve.ts";
export {
  type PeerPassword,
  peersOfNode,
  type ResolvedAdvertisement,
  type ResolvedBgp,
  type ResolvedPeer,
  resolveBgp,
} from "./resolve-bgp.ts";
export { type CandidateChange, Resolver } from "./resolver.ts";
export { objectId, type ReadOutcome, type Resource } from "./resource.ts";
export type { Secret } from "./secret.ts";
export { type SelectorJson, toSelector } from "./selector.ts";
export type { Service } from "./service.ts";
export type { ServiceBgpStatus } from "./service-bgp-status.ts";
export type { ServiceL2Status } from "./service-l2-status.ts";
export { backendKey, isServed, requestPath, type ServiceRequest, serviceRequest } from "./service-request.ts";
export { unclearForm } from "./standing.ts";
