export type { Certified, User } from "./authority.ts";
export { type Binaries, findBinaries } from "./binaries.ts";
export {
  ADMIN,
  Cluster,
  type ClusterParts,
  type HeraldOptions,
  type Identity,
  type KubectlOptions,
  MERGE_PATCH,
  type ServiceAccount,
  type TokenOptions,
} from "./cluster.ts";
export { type ClusterOptions, createCluster } from "./create-cluster.ts";
export type { Pod, PodOptions } from "./objects.ts";
