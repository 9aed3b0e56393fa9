export type { AuditedRequest } from "./audit.ts";
export type { User } from "./authority.ts";
export { type Binaries, findBinaries } from "./binaries.ts";
export { Cluster, type ClusterParts, type HeraldOptions, type KubectlOptions, MERGE_PATCH } from "./cluster.ts";
export { type ClusterOptions, createCluster } from "./create-cluster.ts";
export { ADMIN, type Identity, type ServiceAccount, type TokenOptions } from "./identity.ts";
export { HERALD_NAMESPACE, InstalledHerald, installHerald } from "./installed-herald.ts";
export type { Pod, PodOptions } from "./objects.ts";
export type { PodRunner } from "./pod-runner.ts";
