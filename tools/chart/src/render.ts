import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { kubernetesTool } from "@heraldlb/kubectl";

const run = promisify(execFile);

/** The folder of Herald's chart. */
export const CHART: string = join(import.meta.dirname, "../../../charts/herald");

/** What to render the chart with. */
export interface RenderOptions {
  /** `herald` unless given. */
  readonly release?: string;
  /** `herald-system` unless given. */
  readonly namespace?: string;
  /** What differs from values.yaml. */
  readonly values?: unknown;
  /** Groups that the cluster has beyond Kubernetes' own, for example `monitoring.coreos.com/v1`. */
  readonly apiVersions?: readonly string[];
}

/** The chart's manifests, as `helm template` prints them. @throws with what Helm says of values it refuses */
export async function renderChart(options: RenderOptions = {}): Promise<string> {
  const { release = "herald", namespace = "herald-system", values = {}, apiVersions = [] } = options;
  const helm = await kubernetesTool("helm");
  const more = apiVersions.flatMap((version) => ["--api-versions", version]);
  const args = ["template", release, CHART, "--namespace", namespace, "--values", "-", ...more];
  const running = run(helm, args, { maxBuffer: 64 * 1024 * 1024 });
  running.child.stdin?.end(JSON.stringify(values));
  const { stdout } = await running;
  return stdout;
}
