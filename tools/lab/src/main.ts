// The lab as a command: `npm run lab -- up|down|exec|status`.
import { spawnSync } from "node:child_process";
import { Command, InvalidArgumentError } from "commander";
import { createLab, type Lab, LabError, removeCrashedLabs, removeLab } from "./lab.ts";
import { namespaceOf } from "./plan.ts";
import { type LabStatus, labs } from "./status.ts";

const DEFAULT_NAME = "lab";

const count = (text: string): number => {
  if (!/^\d{1,2}$/.test(text)) throw new InvalidArgumentError("It is a number from 0 to 99.");
  return Number(text);
};

const program = new Command("lab")
  .description("Hosts in network namespaces, to try Herald in. Needs root.")
  .enablePositionalOptions()
  .showHelpAfterError();

program
  .command("up")
  .description("set a lab up and leave it up: nodes that serve, clients, a controller's host, two switches")
  .option("--name <name>", "the lab's name", DEFAULT_NAME)
  .option("--nodes <count>", "how many nodes", count, 3)
  .option("--clients <count>", "how many clients", count, 1)
  .option("--controllers <count>", "how many hosts for controllers", count, 1)
  .option(
    "--management <kind>",
    "`separate` or `shared`: the network that speakers reach the controller on",
    "separate",
  )
  .action(async ({ name, nodes, clients, controllers, management }) => {
    if (management !== "separate" && management !== "shared") {
      throw new LabError(`--management is "separate" or "shared", not "${management}".`);
    }
    const lab = await createLab({ name, nodes, clients, controllers, management, keep: true });
    await lab.serve();
    console.log(described(lab));
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
  .command("exec")
  .description("run a command in a host (node1 …, client1 …, controller1 …) or a switch (lan, mgmt)")
  .option("--name <name>", "the lab's name", DEFAULT_NAME)
  .argument("<host>")
  .argument("<command...>")
  .passThroughOptions()
  .action((host: string, command: string[], { name }) => {
    const { plan } = find(name);
    const members = [...plan.hosts.map((member) => member.name), ...plan.switches.map(({ network }) => network)];
    if (!members.includes(host)) throw new LabError(`Lab ${name} has no "${host}", only ${members.join(", ")}.`);
    const result = spawnSync("ip", ["netns", "exec", namespaceOf(name, host), ...command], { stdio: "inherit" });
    process.exitCode = result.status ?? 1;
  });

program
  .command("status")
  .description("show the labs on this machine")
  .action(() => {
    const all = labs();
    if (all.length === 0) console.log("No lab is up.");
    for (const status of all) console.log(listed(status));
  });

try {
  await program.parseAsync();
} catch (error) {
  if (!(error instanceof LabError || error instanceof RangeError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}

function find(name: string): LabStatus {
  const found = labs().find(({ plan }) => plan.name === name);
  if (!found) throw new LabError(`There is no lab ${name}: \`npm run lab -- up --name ${name}\` sets it up.`);
  return found;
}

function described(lab: Lab): string {
  const { ipv4, ipv6 } = lab.plan.services;
  const named = lab.name === DEFAULT_NAME ? "" : ` --name ${lab.name}`;
  return [
    `Lab ${lab.name} is up.`,
    ...lab.hosts.map(hostLine),
    `Nodes serve ${ipv4} and ${ipv6}, port 80 (TCP and UDP).`,
    `Look around:   npm run lab -- exec${named} client1 curl http://10.64.0.1:8080/`,
    `Logs:          ${lab.folder}`,
    `Take it down:  npm run lab -- down${named}`,
  ].join("\n");
}

function listed({ plan, state, processes }: LabStatus): string {
  return [
    `Lab ${plan.name} (${state})`,
    ...plan.hosts.map((host) => hostLine({ plan: host })),
    ...processes.map(({ name, host, pid }) => `  ${name.padEnd(24)} process ${pid} in ${host}`),
  ].join("\n");
}

function hostLine({ plan: { name, interfaces } }: Pick<Lab["hosts"][number], "plan">): string {
  const ends = interfaces.map((end) => `${end.name} ${end.mac} ${end.ipv4} ${end.ipv6}`);
  return `  ${name.padEnd(12)} ${ends.join("   ")}`;
}
