export type { AuditedRequest } from "./audit.ts";
export type { User } from "./authority.ts";
export { type Binaries, findBinaries } from "./binaries.ts";
export { Cluster, type ClusterParts, type HeraldOptions, type KubectlOptions, MERGE_PATCH } from "./cluster.ts";
export { type ClusterOptions, createCluster } from "./create-cluster.ts";
export { heraldImages } from "./herald-image.ts";
export { ADMIN, type Identity, type ServiceAccount, type TokenOptions } from "./identity.ts";
export {
  addControllerHosts,
  HERALD_NAMESPACE,
  InstalledHerald,
  installHerald,
  LAB_VALUES,
} from "./installed-herald.ts";
export { Kubelet } from "./kubelet.ts";
export type { Pod, PodOptions } from "./objects.ts";
export type { Image, PodRunner } from "./pod-runner.ts";
