import { execFile } from "node:child_process";
import { copyFile, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";

/** The images that there are. */
export const TARGETS = ["controller", "speaker"] as const;
/** One of them. */
export type Target = (typeof TARGETS)[number];

/** The file capabilities of the speaker's node, unless told otherwise: as the Dockerfile has them. */
export const SPEAKER_CAPABILITIES = "cap_net_raw,cap_net_bind_service";

const exec = promisify(execFile);
/** The repository. */
export const ROOT: string = join(import.meta.dirname, "../../..");
// A link to the pinned one.
const NODE = join(ROOT, "node_modules/.bin/node");
const ENTRIES: Readonly<Record<Target, readonly string[]>> = {
  controller: ["src/main.ts"],
  speaker: ["src/main.ts", "src/worker.ts", "../link/src/pcap-helper.ts"],
};

/**
 * What the Dockerfile's first stage leaves for the others: `DIR/TARGET/node` and `DIR/TARGET/app`, for each target. The
 * speaker's node gets the file capabilities, as setcap writes them without `=ep`.
 */
export async function stage(folder: string, capabilities: string): Promise<void> {
  // Built for this machine's kind: the addon by its C compiler, node as npm has chosen it.
  await exec(NODE, [join(ROOT, "tools/native/src/addon.ts"), "--prebuild"]);
  for (const target of TARGETS) {
    await stageApp(target, join(folder, target, "app"));
    await copyFile(NODE, join(folder, target, "node"));
  }
  await exec("setcap", [`${capabilities}=ep`, join(folder, "speaker", "node")]);
}

async function stageApp(target: Target, app: string): Promise<void> {
  const cwd = join(ROOT, "packages", target);
  const prebuild = `prebuilds/linux-${process.arch}`;
  await mkdir(join(app, prebuild), { recursive: true });
  const bundle = [join(ROOT, "tools/bundle/src/main.ts"), "--outdir", join(app, "dist"), ...ENTRIES[target]];
  await exec(NODE, bundle, { cwd });
  await copyFile(join(ROOT, "packages/link", prebuild, "link.glibc.node"), join(app, prebuild, "link.glibc.node"));
  await copyFile(join(ROOT, "LICENSE"), join(app, "LICENSE"));
  const { name, version, type, license } = JSON.parse(await readFile(join(cwd, "package.json"), "utf8"));
  await writeFile(join(app, "package.json"), `${JSON.stringify({ name, version, type, license })}\n`);
}
