import { execFile } from "node:child_process";
import { chmod, copyFile, mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { type Instruction, parseDockerfile, resolveStage } from "./dockerfile.ts";
import { ROOT, type Target } from "./stage.ts";

/** What an image says of the process that it is for. */
export interface ImageConfig {
  readonly entrypoint: readonly [string, ...string[]];
  readonly env: Readonly<Record<string, string>>;
  readonly uid: number;
  readonly gid: number;
}

const exec = promisify(execFile);
const BASE = /^gcr\.io\/distroless\/cc-debian\d+:nonroot$/;
const CERTIFICATES = "/etc/ssl/certs/ca-certificates.crt";
const USERS = { root: 0, nobody: 65_534, nonroot: 65_532 } as const;

/**
 * Makes a root file system as the Dockerfile says: its last stage is carried out on what `stage` left in a folder. The base
 * image is imitated with this machine's libraries, as no registry is asked.
 *
 * @throws SyntaxError at an instruction that it does not know
 */
export async function buildRootfs(target: Target, staged: string, root: string): Promise<ImageConfig> {
  const stages = parseDockerfile(await readFile(join(ROOT, "Dockerfile"), "utf8"));
  const { base, instructions } = resolveStage(stages, target);
  if (!BASE.test(base)) throw new SyntaxError(`a base image that is not known here: ${base}`);
  await imitateBase(join(staged, target, "node"), root);
  for (const { flags, rest } of instructions.filter(({ keyword }) => keyword === "COPY")) {
    const { from, to } = pathsOf(rest);
    const { from: source } = flags;
    if (source !== "build") throw new SyntaxError(`not copied from the first stage: ${rest}`);
    await mkdir(dirname(join(root, to)), { recursive: true });
    // Keeps file capabilities, which Node's own copying does not.
    await exec("cp", ["-aT", "--no-preserve=ownership", join(staged, from.replace(/^\/out\//, "")), join(root, to)]);
  }
  return configOf(instructions);
}

/** The two paths of a COPY. @throws SyntaxError if there are more */
function pathsOf(rest: string): { readonly from: string; readonly to: string } {
  const [from, to, ...more] = rest.split(/\s+/);
  if (from === undefined || to === undefined || more.length > 0) throw new SyntaxError(`not one source: COPY ${rest}`);
  return { from, to };
}

function configOf(instructions: readonly Instruction[]): ImageConfig {
  const all = (keyword: string) => instructions.flatMap((each) => (each.keyword === keyword ? [each.rest] : []));
  const [uid, gid] = (all("USER").at(-1) ?? "").split(":").map(Number);
  if (!uid || !gid) throw new SyntaxError("USER needs numbers, of a user and a group that are not root");
  const env = all("ENV").flatMap((rest) => rest.split(/\s+/).map((pair) => pair.split("=", 2)));
  return { entrypoint: JSON.parse(all("ENTRYPOINT").at(-1) ?? "[]"), env: Object.fromEntries(env), uid, gid };
}

/** What the base image brings, as far as it matters: libraries, users, certificates of authorities, places to mount at. */
async function imitateBase(node: string, root: string): Promise<void> {
  for (const folder of ["etc", "proc", "sys", "dev", "app"]) await mkdir(join(root, folder), { recursive: true });
  await mkdir(join(root, "tmp"));
  await chmod(join(root, "tmp"), 0o1777);
  const { stdout } = await exec("ldd", [node]);
  for (const [, library] of stdout.matchAll(/(\/\S+) \(0x/g)) {
    if (library) await copyInto(root, library);
  }
  await copyInto(root, CERTIFICATES).catch(() => {});
  const lines = (line: (name: string, id: number) => string) =>
    Object.entries(USERS)
      .map(([name, id]) => `${line(name, id)}\n`)
      .join("");
  const passwd = lines((name, id) => `${name}:x:${id}:${id}:${name}:/:/sbin/nologin`);
  await writeFile(join(root, "etc/passwd"), passwd);
  await writeFile(
    join(root, "etc/group"),
    lines((name, id) => `${name}:x:${id}:`),
  );
  await writeFile(join(root, "etc/nsswitch.conf"), "hosts: files dns\n");
}

async function copyInto(root: string, path: string): Promise<void> {
  await mkdir(dirname(join(root, path)), { recursive: true });
  await copyFile(path, join(root, path));
}
