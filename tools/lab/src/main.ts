// The lab as a command: `npm run lab -- up|down|exec|status`.
import { Option } from "commander";
import type { Host } from "./host.ts";
import { createLab, type Lab, LabError, removeCrashedLabs, removeLab } from "./lab.ts";
import { type LabRouter, startRouter } from "./lab-router.ts";
import { hostCount, labProgram, runLabProgram } from "./program.ts";
import { LAB_NODE_ASN, LAB_ROUTER_ASN, ROUTER_KINDS, type RouterKind } from "./router-config.ts";
import { describeHost, describeLab, labs } from "./status.ts";

const DEFAULT_NAME = "lab";
const PACKAGES = { frr: "frr", bird: "bird2", gobgp: "gobgpd" } as const;

const program = labProgram(DEFAULT_NAME, "Hosts in network namespaces, to try Herald in. Needs root.");

program
  .command("up")
  .description("set a lab up and leave it up: nodes that serve, clients, a controller's host, two switches")
  .option("--name <name>", "the lab's name", DEFAULT_NAME)
  .option("--nodes <count>", "how many nodes", hostCount, 3)
  .option("--clients <count>", "how many clients", hostCount, 1)
  .option("--controllers <count>", "how many hosts for controllers", hostCount, 1)
  .option(
    "--management <kind>",
    "`separate` or `shared`: the network that speakers reach the controller on",
    "separate",
  )
  .addOption(new Option("--router <program>", "a router that peers with every node over BGP").choices(ROUTER_KINDS))
  .action(async ({ name, nodes, clients, controllers, management, router }) => {
    if (management !== "separate" && management !== "shared") {
      throw new LabError(`--management is "separate" or "shared", not "${management}".`);
    }
    const routers = router ? 1 : 0;
    const lab = await createLab({ name, nodes, clients, controllers, routers, management, keep: true });
    await lab.serve();
    const [host] = lab.routers;
    const started = host && (await routerOf(lab, host, router as RouterKind));
    console.log([...described(lab), ...(started ? peering(lab, started) : []), ...farewell(lab)].join("\n"));
  });

program
  .command("down")
  .description("take a lab down, whatever is left of it")
  .option("--name <name>", "the lab's name", DEFAULT_NAME)
  .option("--all", "every lab, also one that a test is using")
  .action(async ({ name, all }) => {
    const names = all ? labs().map(({ plan }) => plan.name) : [name];
    for (const each of names) {
      await removeLab(each);
      console.log(`Lab ${each} is down.`);
    }
    await removeCrashedLabs();
  });

program
  .command("status")
  .description("show the labs on this machine")
  .action(() => {
    const all = labs();
    if (all.length === 0) console.log("No lab is up.");
    for (const status of all) console.log(describeLab(status));
  });

await runLabProgram(program);

function described(lab: Lab): readonly string[] {
  const { ipv4, ipv6 } = lab.plan.services;
  return [
    `Lab ${lab.name} is up.`,
    ...lab.plan.hosts.map(describeHost),
    `Nodes serve ${ipv4} and ${ipv6}, port 80 (TCP and UDP).`,
  ];
}

async function routerOf(lab: Lab, host: Host, kind: RouterKind): Promise<LabRouter> {
  try {
    return await startRouter(lab, host, kind);
  } catch (error) {
    await removeLab(lab.name);
    throw new LabError(`The router did not start. Is the Debian package ${PACKAGES[kind]} installed? ${String(error)}`);
  }
}

/** What a node needs to be told, and where to look whether it was. */
function peering(lab: Lab, { host, look }: LabRouter): readonly string[] {
  const { name, ipv4, ipv6 } = host;
  return [
    `Clients reach them by way of ${name}, AS ${LAB_ROUTER_ASN}, which waits for each node to be AS ${LAB_NODE_ASN}:`,
    `  BGPPeer spec:  {myASN: ${LAB_NODE_ASN}, peerASN: ${LAB_ROUTER_ASN}, peerAddress: ${ipv4}, dualStackAddressFamily: true}`,
    `                 or peerAddress: "${ipv6}"`,
    `Its sessions:  npm run lab -- exec${named(lab)} ${name} ${look}`,
  ];
}

function farewell(lab: Lab): readonly string[] {
  return [
    `Look around:   npm run lab -- exec${named(lab)} client1 curl http://10.64.0.1:8080/`,
    `Logs:          ${lab.folder}`,
    `Take it down:  npm run lab -- down${named(lab)}`,
  ];
}

function named({ name }: Lab): string {
  return name === DEFAULT_NAME ? "" : ` --name ${name}`;
}
