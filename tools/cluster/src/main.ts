// The cluster as a command: `npm run cluster -- up|down|status|exec|kubectl|build`.
import {
  describeHost,
  describeLab,
  hostCount,
  LabError,
  labFolder,
  labProgram,
  labs,
  removeLab,
  runInside,
  runLabProgram,
} from "@heraldlb/lab";
import { findBinaries } from "./binaries.ts";
import type { Cluster } from "./cluster.ts";
import { createCluster } from "./create-cluster.ts";
import { DEMO_APP, leaveHerald } from "./kept-herald.ts";
import { kubeconfigPath } from "./kubeconfig.ts";
import { kubectlCommand } from "./kubectl.ts";

const DEFAULT_NAME = "cluster";

const program = labProgram(DEFAULT_NAME, "A Kubernetes cluster in network namespaces, to try Herald in. Needs root.");

program
  .command("up")
  .description("set a cluster up and leave it up: an API server, nodes with kube-proxy, clients, controllers' hosts")
  .option("--name <name>", "the cluster's name", DEFAULT_NAME)
  .option("--nodes <count>", "how many nodes", hostCount, 3)
  .option("--clients <count>", "how many clients", hostCount, 1)
  .option("--controllers <count>", "how many hosts for controllers (default: 1, with Herald 2)", hostCount)
  .option("--with-herald", "install Herald's chart, and run its pods")
  .action(async ({ name, nodes, clients, controllers, withHerald = false }) => {
    const workloads = withHerald ? "pods" : undefined;
    const hosts = controllers ?? (withHerald ? 2 : 1);
    const cluster = await createCluster({ name, nodes, clients, controllers: hosts, workloads, keep: true });
    if (withHerald) await installed(cluster);
    const option = name === DEFAULT_NAME ? "" : ` --name ${name}`;
    console.log(
      [
        `Cluster ${name} is up.`,
        ...cluster.lab.plan.hosts.map(describeHost),
        `Its API server, for its hosts:  ${cluster.url} (kubeconfig: ${await cluster.kubeconfig()})`,
        `Look around:   npm run cluster -- kubectl${option} get nodes`,
        ...(withHerald ? hints(option) : []),
        `Logs:          ${cluster.lab.folder}`,
        `Take it down:  npm run cluster -- down${option}`,
      ].join("\n"),
    );
  });

program
  .command("down")
  .description("take a cluster down, whatever is left of it")
  .option("--name <name>", "the cluster's name", DEFAULT_NAME)
  .action(async ({ name }) => {
    await removeLab(name);
    console.log(`Cluster ${name} is down.`);
  });

program
  .command("status")
  .description("show the clusters on this machine")
  .action(() => {
    const all = labs().filter(({ plan }) => plan.hosts.some(({ role }) => role === "server"));
    if (all.length === 0) console.log("No cluster is up.");
    for (const status of all) console.log(describeLab(status));
  });

program
  .command("kubectl")
  .description("run kubectl as the cluster's administrator")
  .option("--name <name>", "the cluster's name", DEFAULT_NAME)
  .argument("<args...>")
  .passThroughOptions()
  // kubectl's own options may come before its command, too.
  .allowUnknownOption()
  .action(async (args: string[], { name }) => {
    const folder = labFolder(name);
    const command = await kubectlCommand(folder, kubeconfigPath(folder, "admin-lab"), args);
    process.exitCode = runInside(name, "server1", command);
  });

program
  .command("build")
  .description("get the cluster's programs ready, which takes minutes once")
  .action(async () => {
    for (const [name, path] of Object.entries(await findBinaries())) console.log(`${name.padEnd(24)} ${path}`);
  });

await runLabProgram(program);

/** Takes the cluster down again if that fails. */
async function installed(cluster: Cluster): Promise<void> {
  try {
    await leaveHerald(cluster);
  } catch (error) {
    const logs = cluster.lab.logs();
    await removeLab(cluster.lab.name);
    throw new LabError(`Herald did not start: ${String(error)}\n${logs}`);
  }
}

function hints(option: string): readonly string[] {
  const run = (what: string) => `               npm run cluster -- ${what}`;
  return [
    `Try Herald:    it has a pool, and announces it by layer 2; pods with the label app=${DEMO_APP} answer at port 8080.`,
    run(`kubectl${option} get pods,ipaddresspools -n herald-system`),
    run(`kubectl${option} create service loadbalancer ${DEMO_APP} --tcp=80:8080`),
    run(`kubectl${option} get service ${DEMO_APP}`),
    run(`exec${option} client1 curl -s http://10.64.1.10/`),
    run(`kubectl${option} rollout restart daemonset herald-speaker -n herald-system`),
  ];
}
