import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { access, mkdir, readFile } from "node:fs/promises";
import { homedir } from "node:os";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { LabError } from "@heraldlb/lab";
import { findGo } from "./go.ts";

const run = promisify(execFile);

/** The programs of a cluster that come from Kubernetes, and the folders of the Go module that they are built from. */
const MAINS = {
  "kube-apiserver": "apiserver",
  "kube-controller-manager": "controller-manager",
  "kube-proxy": "proxy",
} as const;

type KubernetesProgram = keyof typeof MAINS;

/** Where the programs of a cluster are. */
export type Binaries = Readonly<Record<KubernetesProgram | "etcd", string>>;

const MODULE = fileURLToPath(new URL("../go", import.meta.url));
// Compiling everything anew takes four minutes on two cores, and others may be at it already.
const BUILD_LIMIT_MS = 45 * 60_000;

/**
 * Where the programs of a cluster are: in the folder that `KUBEBUILDER_ASSETS` names, otherwise built once and kept in
 * the user's cache; etcd in that folder or in PATH. Throws a `LabError` if one is missing and nothing can build it.
 */
export async function findBinaries(): Promise<Binaries> {
  const { KUBEBUILDER_ASSETS: assets, PATH = "" } = process.env;
  const given = assets ? [assets] : [];
  const etcd = await firstOf("etcd", [...given, ...PATH.split(delimiter), "/usr/bin"]);
  if (!etcd) throw new LabError("etcd is missing. `npm run setup` installs it (Debian package etcd-server).");
  const programs: [string, string][] = [["etcd", etcd]];
  for (const program of Object.keys(MAINS) as KubernetesProgram[]) {
    programs.push([program, (await firstOf(program, given)) ?? (await built(program))]);
  }
  return Object.fromEntries(programs) as Binaries;
}

async function built(program: KubernetesProgram): Promise<string> {
  const { XDG_CACHE_HOME } = process.env;
  const cache = join(XDG_CACHE_HOME || join(homedir(), ".cache"), "herald");
  const { version, digest } = await moduleVersion();
  const folder = join(cache, `kubernetes-${version}-${digest}`);
  const path = join(folder, program);
  if (await exists(path)) return path;
  await mkdir(folder, { recursive: true });
  const go = await findGo(cache);
  const [major, minor] = version.split(".");
  const flag = (name: string, value: string): string => `-X k8s.io/component-base/version.${name}=${value}`;
  const flags = [
    "-s -w",
    flag("gitVersion", `v${version}`),
    flag("gitMajor", `${major}`),
    flag("gitMinor", `${minor}`),
  ];
  // Whoever waited for the lock finds what the other one has built. The lock goes with the process, however it ends.
  const script =
    'test -e "$1" || { "$2" build -mod=readonly -trimpath -ldflags "$3" -o "$1.part" "$4" && mv "$1.part" "$1"; }';
  await run("flock", [`${folder}.lock`, "sh", "-c", script, "sh", path, go, flags.join(" "), `./${MAINS[program]}`], {
    cwd: MODULE,
    env: { ...process.env, GOTOOLCHAIN: "local", GOFLAGS: "", GOWORK: "off" },
    timeout: BUILD_LIMIT_MS,
  });
  return path;
}

/** The version of Kubernetes that the module requires, and a digest of all that a build depends on. */
async function moduleVersion(): Promise<{ readonly version: string; readonly digest: string }> {
  const files = ["go.mod", "go.sum", ...Object.values(MAINS).map((folder) => `${folder}/main.go`)];
  const texts = await Promise.all(files.map((file) => readFile(join(MODULE, file), "utf8")));
  const [, version] = /^\s*k8s\.io\/kubernetes v(\S+)$/m.exec(texts[0] ?? "") ?? [];
  if (version === undefined) throw new Error(`${MODULE}/go.mod does not require k8s.io/kubernetes`);
  return { version, digest: createHash("sha256").update(texts.join("\0")).digest("hex").slice(0, 12) };
}

async function firstOf(program: string, folders: readonly string[]): Promise<string | undefined> {
  for (const folder of folders) if (folder && (await exists(join(folder, program)))) return join(folder, program);
  return undefined;
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
