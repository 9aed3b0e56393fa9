export type { Kube, KubeOptions, RequestOptions } from "./kube.ts";
export { KubeError } from "./kube-error.ts";
