// Takes care of the pods of an installed Herald for as long as it runs, for a cluster that is left up.
import { connectKube } from "@heraldlb/kube";
import { openLab } from "@heraldlb/lab";
import { silentLogger, systemClock } from "@heraldlb/runtime";
import { heraldKubelet } from "./installed-herald.ts";
import { kubeconfigPath } from "./kubeconfig.ts";

const [, , name = ""] = process.argv;
const lab = openLab(name);
const kubeconfig = kubeconfigPath(lab.folder, "admin-lab");
const limits = { qps: 1000, burst: 1000 };
const kube = await connectKube({
  kubeconfig,
  ...limits,
  userAgent: "herald-kubelet",
  clock: systemClock,
  log: silentLogger,
});
await heraldKubelet({ kube, lab }).ended();
