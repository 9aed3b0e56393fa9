import { execFile } from "node:child_process";
import { chown, mkdtemp, readdir, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import {
  advertisementManifest,
  createLab,
  Deployment,
  endpointsManifest,
  type Host,
  type Lab,
  manifests,
  nodeManifest,
  poolManifest,
  serviceManifest,
  until,
} from "@heraldlb/lab";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { CAPABILITY, type ContainerOptions, containerCommand } from "./container.ts";
import { buildRootfs, type ImageConfig } from "./rootfs.ts";
import { SPEAKER_CAPABILITIES, stage, TARGETS, type Target } from "./stage.ts";

const exec = promisify(execFile);
const PATIENCE = { timeoutMs: 30_000 } as const;
const SPEAKER = [CAPABILITY.netBindService, CAPABILITY.netRaw];

let folder: string;
let lab: Lab;
let node: Host;
let client: Host;
let host: Host;
let configs: Readonly<Record<Target, ImageConfig>>;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "herald-image-"));
  await stage(join(folder, "out"), SPEAKER_CAPABILITIES);
  const build = (target: Target) => buildRootfs(target, join(folder, "out"), join(folder, target));
  configs = { controller: await build("controller"), speaker: await build("speaker") };
  lab = await createLab({ name: `image-${process.pid}`, nodes: 1, clients: 1 });
  [node, client, host] = [first(lab.nodes), first(lab.clients), first(lab.controllers)];
}, 120_000);

afterAll(async () => {
  await lab?.[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

function first<T>([item]: readonly T[]): T {
  if (item === undefined) throw new RangeError("there is none");
  return item;
}

const command = (target: Target, options: ContainerOptions) =>
  containerCommand(join(folder, target), configs[target], options);

const attempt = async (target: Target, options: ContainerOptions) => node.attempt(await command(target, options));

/** What the image's Node says that this expression is. */
async function evaluated(expression: string, options: ContainerOptions, changed: Partial<ImageConfig> = {}) {
  const config = { ...configs.speaker, ...changed, entrypoint: ["/usr/local/bin/node", "-p", expression] } as const;
  const { stdout } = await node.attempt(await containerCommand(join(folder, "speaker"), config, options));
  return stdout.trim();
}

/** A folder that the image's user may write to. */
async function writable(path: string): Promise<string> {
  await chown(path, configs.speaker.uid, configs.speaker.gid);
  return path;
}

describe.each(TARGETS)("the %s's image", (target) => {
  const capabilities = target === "speaker" ? SPEAKER : [];

  test("prints its help and version", async () => {
    const help = await attempt(target, { capabilities, args: ["--help"] });
    expect([help.exitCode, help.stderr]).toEqual([0, ""]);
    expect(help.stdout).toContain(`Usage: herald-${target} [options]`);
    const version = await attempt(target, { capabilities, args: ["--version"] });
    expect(version.stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  });

  test("has one program, no shell, and nothing that others may write to but /tmp", async () => {
    const root = join(folder, target);
    const { stdout } = await exec("find", [root, "-type", "f", "-perm", "/111", "-printf", "/%P\n"]);
    expect(stdout.split("\n").filter((path) => path && !/\.so\.|\.node$/.test(path))).toEqual(["/usr/local/bin/node"]);
    const open = await exec("find", [root, "!", "-type", "l", "-perm", "/022", "-printf", "/%P\n"]);
    expect(open.stdout).toBe("/tmp\n");
  });

  test("carries the licences of all that is in it", async () => {
    expect((await stat(join(folder, target, "app/dist/LICENCES.txt"))).size).toBeGreaterThan(10_000);
    expect(await readdir(join(folder, target, "app"))).toContain("LICENSE");
  });

  test("is small", async () => {
    const { stdout } = await exec("du", ["-s", "--bytes", join(folder, target)]);
    const size = Number(stdout.split("\t")[0]);
    console.log(`${target}: ${(size / 1e6).toFixed(1)} MB`);
    expect(size).toBeLessThan(160e6);
  });
});

describe("the speaker's Node", () => {
  const effective = "/CapEff:\\t0*([0-9a-f]+)/.exec(fs.readFileSync('/proc/self/status', 'utf8'))[1]";

  test.each<[who: string, options: ContainerOptions, changed: Partial<ImageConfig>, capabilities: string]>([
    ["as the image's user", {}, {}, "2400"],
    ["as another user", {}, { uid: 65_534, gid: 65_534 }, "2400"],
    ["in a container that has more", { capabilities: [...SPEAKER, CAPABILITY.sysNice] }, {}, "2400"],
    ["where privileges must not grow", { noNewPrivileges: true }, {}, "2400"],
    ["from a runtime that permits nothing beforehand", { permitted: false }, {}, "2400"],
    ["from such a runtime, where privileges must not grow", { permitted: false, noNewPrivileges: true }, {}, "0"],
  ])("has, %s, the capabilities that it should have", async (_who, options, changed, capabilities) => {
    expect(await evaluated(effective, { capabilities: SPEAKER, ...options }, changed)).toBe(capabilities);
  });

  test("takes no flags from variables", async () => {
    const env = { NODE_OPTIONS: "--title=changed", HERALD_NODE: "kept" };
    const expression = "[process.title, process.env.HERALD_NODE].join()";
    expect(await evaluated(expression, { capabilities: SPEAKER }, { env })).toBe("/usr/local/bin/node,kept");
  });

  test("is not started in a container that lacks one of its capabilities", async () => {
    const { exitCode, stderr } = await attempt("speaker", { capabilities: [CAPABILITY.netRaw], args: ["--version"] });
    expect(exitCode).not.toBe(0);
    expect(stderr).toMatch(/^execve '\/usr\/local\/bin\/node' failed/);
  });

  test("says which capability it needs, when it has none", async () => {
    const state = await writable(await mkdtemp(join(folder, "state-")));
    const speaker = node.start(
      await command("speaker", {
        ...{ capabilities: SPEAKER, permitted: false, noNewPrivileges: true },
        folders: { "/var/lib/herald": state },
        args: ["--controller", "127.0.0.1:1", "--insecure", "--state-dir", "/var/lib/herald", "--interfaces", "^lan"],
      }),
      { name: "no-new-privileges" },
    );
    await speaker.logged(/CAP_NET_RAW/, PATIENCE);
    await speaker.stop();
  });

  test("writes nowhere but where it is told to", async () => {
    const args = ["--controller", "127.0.0.1:1", "--insecure", "--state-dir", "/app/state", "--interfaces", "^lan"];
    const speaker = node.start(await command("speaker", { capabilities: SPEAKER, args }), { name: "read-only" });
    await speaker.logged(/state folder cannot be opened/, PATIENCE);
    expect(await speaker.stop()).toEqual({ code: 0, signal: undefined });
    await expect(stat(join(folder, "speaker/app/state"))).rejects.toThrow("ENOENT");
  });
});

test("controller and speaker from the images give a Service its address and answer for it, and end well", async () => {
  const deployment = new Deployment(lab);
  deployment.write("all.yaml", inventory());
  const state = await writable(await mkdtemp(join(folder, "state-")));
  const controller = host.start(
    await command("controller", {
      noNewPrivileges: true,
      folders: { "/manifests": await writable(deployment.folder) },
      args: ["--source", "file:/manifests", "--insecure", "--listen", `${host.ipv4}:7600`],
    }),
    { name: "controller" },
  );
  const speaker = node.start(
    await command("speaker", {
      ...{ capabilities: SPEAKER, noNewPrivileges: true, folders: { "/var/lib/herald": state } },
      args: [
        ...["--node", node.name, "--controller", `${host.ipv4}:7600`, "--insecure", "--interfaces", "^lan"],
        ...["--state-dir", "/var/lib/herald", "--bgp-listen", "127.0.0.1:179"],
      ],
    }),
    { name: "speaker" },
  );
  const address = first(await deployment.given("web", 1, PATIENCE));
  const answering = await until(
    "somebody answers",
    async () => {
      const found = await client.resolve(address);
      return found.length > 0 && found;
    },
    PATIENCE,
  );
  expect(answering).toEqual([node.mac]);
  for (const each of [host, node]) {
    for (const path of ["/healthz", "/readyz"]) {
      expect(await each.exec(["curl", "-fsS", `http://127.0.0.1:9120${path}`])).toBe("ok\n");
    }
  }
  expect(await statusOf(speaker.id.pid)).toMatchObject({ Uid: "65532", CapBnd: "2400", CapPrm: "2400", CapAmb: "0" });
  expect(await statusOf(controller.id.pid)).toMatchObject({ Uid: "65532", CapBnd: "0", CapPrm: "0", CapAmb: "0" });
  expect(await readdir(state)).not.toEqual([]);
  expect(await speaker.stop()).toEqual({ code: 0, signal: undefined });
  expect(await controller.stop()).toEqual({ code: 0, signal: undefined });
}, 60_000);

/** What the kernel says of a process: the real user, sets of capabilities in hexadecimal. */
async function statusOf(pid: number): Promise<Record<string, string>> {
  const { stdout } = await exec("cat", [`/proc/${pid}/status`]);
  const lines = stdout.matchAll(/^(Uid|Cap\w+):\t(?:0*(?=[0-9a-f]))([0-9a-f]+)/gm);
  return Object.fromEntries(Array.from(lines, ([, name, value]) => [name, value]));
}

function inventory(): string {
  return manifests(
    nodeManifest(node.name),
    poolManifest("pool", [`${lab.plan.services.ipv4}`]),
    advertisementManifest("all", ["pool"]),
    serviceManifest({ name: "web", families: ["ipv4"] }),
    endpointsManifest({ service: "web", families: ["ipv4"], ready: [node.name] }),
  );
}
