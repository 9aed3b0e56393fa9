import { join } from "node:path";
import { kubernetesTool } from "@heraldlb/kubectl";

/** The command line of kubectl for a cluster whose files are in `folder`. */
export async function kubectlCommand(
  folder: string,
  kubeconfig: string,
  args: readonly string[],
): Promise<[string, ...string[]]> {
  // What kubectl remembers about an API server must not outlive it: the next cluster's has the same address.
  const own = [`--kubeconfig=${kubeconfig}`, `--cache-dir=${join(folder, "kubectl")}`];
  return [await kubernetesTool("kubectl"), ...own, ...args];
}
