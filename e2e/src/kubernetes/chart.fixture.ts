import { execFile } from "node:child_process";
import { chmodSync, chownSync, copyFileSync, mkdirSync, realpathSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { launchCommand, type Manifest, type Mount, type RenderedProcess, renderedProcesses } from "@heraldlb/chart";
import { type Cluster, MERGE_PATCH, type Pod } from "@heraldlb/cluster";
import { type Host, heraldCommand, type LabProcess, until } from "@heraldlb/lab";

const run = promisify(execFile);

const REPOSITORY = fileURLToPath(new URL("../../..", import.meta.url));
const CONTROLLER_PORT = "7600";

/** Where to start a container of the chart. */
export interface Place {
  /** Where the process runs, and what its pod's address is. */
  readonly host: Host;
  /** The node that its pod says that it is on. */
  readonly node: Host;
  /** What a cluster's DNS would say: addresses by name. */
  readonly names?: Readonly<Record<string, readonly string[]>>;
}

/** The name that speakers dial in a rendered chart. */
export function dialled(manifests: readonly Manifest[]): string {
  const speaker = processOf(manifests, "speaker", "");
  const [, name = ""] =
    /^--controller=(.*):7600$/.exec(speaker.args.find((arg) => arg.endsWith(CONTROLLER_PORT)) ?? "") ?? [];
  return name;
}

/** Makes a pod as the chart's workload has it, and starts the process of its container as a kubelet would. */
export async function startPod(
  cluster: Cluster,
  manifests: readonly Manifest[],
  { container, host, node, names = {} }: Place & { readonly container: "controller" | "speaker" },
): Promise<LabProcess> {
  const process = processOf(manifests, container, node.name);
  const pod = await createPod(cluster, manifests, { process, host, node });
  const folder = join(cluster.lab.folder, pod.name);
  mkdirSync(join(folder, "root"), { recursive: true });
  const hosts = Object.entries({ localhost: ["127.0.0.1"], ...names }).flatMap(([name, addresses]) =>
    addresses.map((address) => `${address} ${name}\n`),
  );
  writeFileSync(join(folder, "hosts"), hosts.join(""));
  const binds: Record<string, string> = {
    [REPOSITORY]: REPOSITORY,
    "/etc/hosts": join(folder, "hosts"),
    "/node": await nodeProgram(folder, process),
  };
  for (const mount of process.mounts) binds[mount.path] = await sourceOf(cluster, { mount, process, pod, folder });
  if (container === "controller") binds[ACCOUNT_PATH] = await accountFolder(cluster, { process, pod, folder });
  const { hostname, port } = new URL(cluster.url);
  const main = join(dirname(realpathSync(heraldCommand(`herald-${container}`))), "../dist/main.mjs");
  const command = launchCommand(process, {
    ...{ entrypoint: ["/node", main], binds, root: join(folder, "root") },
    env: { NODE_ENV: "production", KUBERNETES_SERVICE_HOST: hostname, KUBERNETES_SERVICE_PORT: port },
  });
  return host.start(command, { name: pod.name });
}

const ACCOUNT_PATH = "/var/run/secrets/kubernetes.io/serviceaccount";

function processOf(manifests: readonly Manifest[], container: string, node: string): RenderedProcess {
  const all = renderedProcesses(manifests, (path) => (path === "spec.nodeName" ? node : ""));
  const found = all.find((process) => process.container === container);
  if (!found) throw new RangeError(`the chart has no container ${container}`);
  return found;
}

interface PodFacts {
  readonly process: RenderedProcess;
  readonly pod: Pod;
  /** For what the pod is given. */
  readonly folder: string;
}

async function createPod(
  cluster: Cluster,
  manifests: readonly Manifest[],
  { process, host, node }: Omit<Place, "names"> & { readonly process: RenderedProcess },
): Promise<Pod> {
  const { kind, name: workload } = process.workload;
  const found = manifests.find((manifest) => manifest.kind === kind && manifest.metadata.name === workload);
  if (!found) throw new RangeError(`the chart has no ${kind} ${workload}`);
  const {
    metadata: { namespace = "default" },
    spec,
  } = found;
  const { template } = spec as { readonly template: { readonly metadata: object; readonly spec: object } };
  const name = `${workload}-${host.name}`;
  const path = `/api/v1/namespaces/${namespace}/pods`;
  const body = {
    ...{ apiVersion: "v1", kind: "Pod", metadata: { ...template.metadata, name, namespace } },
    spec: { ...template.spec, nodeName: node.name },
  };
  const { metadata } = (await cluster.request("POST", path, { body })) as {
    readonly metadata: { readonly uid: string };
  };
  const conditions = ["PodScheduled", "Initialized", "ContainersReady", "Ready"].map((type) => ({
    type,
    status: "True",
  }));
  const status = { phase: "Running", hostIP: node.ipv4, podIP: host.ipv4, podIPs: [{ ip: host.ipv4 }], conditions };
  await cluster.request("PATCH", `${path}/${name}/status`, { body: { status }, contentType: MERGE_PATCH });
  return { name, namespace, uid: metadata.uid, node, addresses: [host.ipv4], process: undefined };
}

/** The pinned Node, with the file capabilities that the speaker's image gives it. */
async function nodeProgram(folder: string, { capabilities }: RenderedProcess): Promise<string> {
  const program = join(folder, "node");
  copyFileSync(realpathSync(process.execPath), program);
  chmodSync(program, 0o755);
  const names = capabilities.map((name) => `cap_${name.toLowerCase()}`);
  if (names.length > 0) await run("setcap", [`${names.join(",")}=ep`, program]);
  return program;
}

/** What a volume of the pod has in it, as a folder. */
async function sourceOf(
  cluster: Cluster,
  { mount: { path, source }, process, pod, folder }: PodFacts & { readonly mount: Mount },
): Promise<string> {
  const made = join(folder, path.replaceAll("/", "_"));
  mkdirSync(made);
  const put = (name: string, text: string) => writeFileSync(join(made, name), text, { mode: 0o444 });
  for (const { serviceAccountToken: token, configMap } of source.projected?.sources ?? []) {
    if (token) put(token.path, await cluster.token({ ...accountOf({ process, pod }), audience: token.audience, pod }));
    if (!configMap) continue;
    const { data } = await until(`ConfigMap ${configMap.name} is there`, async () => {
      const url = `/api/v1/namespaces/${pod.namespace}/configmaps/${configMap.name}`;
      return (await cluster.request("GET", url)) as { readonly data: Readonly<Record<string, string>> };
    });
    for (const { key, path } of configMap.items) put(path, data[key] ?? "");
  }
  if (source.emptyDir) chownSync(made, process.user ?? 0, process.group ?? 0);
  return made;
}

/** What a kubelet mounts for a service account unless it is told not to. */
async function accountFolder(cluster: Cluster, { process, pod, folder }: PodFacts): Promise<string> {
  const made = join(folder, "account");
  mkdirSync(made);
  writeFileSync(join(made, "token"), await cluster.token({ ...accountOf({ process, pod }), pod }));
  writeFileSync(join(made, "ca.crt"), cluster.ca);
  writeFileSync(join(made, "namespace"), pod.namespace);
  return made;
}

const accountOf = ({ process, pod }: Pick<PodFacts, "process" | "pod">) => ({
  namespace: pod.namespace,
  serviceAccount: process.serviceAccount,
});
