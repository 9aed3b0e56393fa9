import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { findBinaries } from "./binaries.ts";

const BUILT = ["kube-apiserver", "kube-controller-manager", "kube-proxy"];

/** Builds in no time, and writes down what it was asked for. */
const GO = `#!/bin/sh
[ "$1" != version ] || { echo go version go1.26.0 linux/amd64; exit; }
echo "$@" >>"$(dirname "$0")/builds"
while [ "$1" != -o ]; do shift; done
echo built >"$2"
`;

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "herald-binaries-"));
  for (const place of ["bin", "assets"]) await mkdir(join(folder, place));
  await writeFile(join(folder, "bin", "go"), GO, { mode: 0o755 });
  const { PATH = "" } = process.env;
  vi.stubEnv("PATH", `${join(folder, "bin")}:${PATH}`);
  vi.stubEnv("XDG_CACHE_HOME", join(folder, "cache"));
  vi.stubEnv("KUBEBUILDER_ASSETS", join(folder, "assets"));
});

afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true });
});

async function assets(...programs: readonly string[]): Promise<void> {
  for (const program of programs) await writeFile(join(folder, "assets", program), "");
}

async function builds(): Promise<string[]> {
  const lines = await readFile(join(folder, "bin", "builds"), "utf8").catch(() => "");
  return lines.split("\n").slice(0, -1);
}

test("programs come from where KUBEBUILDER_ASSETS says, and are not built then", async () => {
  await assets("etcd", ...BUILT);
  const expected = ["etcd", ...BUILT].map((program) => [program, join(folder, "assets", program)]);
  expect(await findBinaries()).toEqual(Object.fromEntries(expected));
  expect(await builds()).toEqual([]);
});

test("what is not there is built, with its version, and kept by what it was built from", async () => {
  await assets("etcd", "kube-apiserver");
  const found = await findBinaries();
  expect(found["kube-apiserver"]).toBe(join(folder, "assets", "kube-apiserver"));
  expect(found["kube-proxy"]).toMatch(/\/cache\/herald\/kubernetes-1\.\d+\.\d+-[0-9a-f]{12}\/kube-proxy$/);
  expect(await readFile(found["kube-proxy"], "utf8")).toBe("built\n");
  const [first, ...others] = await builds();
  expect(first).toMatch(/version\.gitVersion=v1\.\d+\.\d+ .*version\.gitMajor=1 .*version\.gitMinor=\d+ /);
  expect(others).toHaveLength(1);
});

test("those who want them at once build them once", async () => {
  await assets("etcd");
  const [one, other] = await Promise.all([findBinaries(), findBinaries()]);
  expect(other).toEqual(one);
  expect(await findBinaries()).toEqual(one);
  expect(await builds()).toHaveLength(BUILT.length);
});

test("a build that fails leaves nothing that looks like a program", async () => {
  await assets("etcd");
  await writeFile(join(folder, "bin", "go"), `${GO}exit 1\n`);
  await expect(findBinaries()).rejects.toThrow();
  const [built] = (await readdir(join(folder, "cache", "herald"))).filter((name) => !name.endsWith(".lock"));
  expect(await readdir(join(folder, "cache", "herald", built ?? ""))).not.toContain("kube-apiserver");
  await writeFile(join(folder, "bin", "go"), GO);
  expect(await readFile((await findBinaries())["kube-apiserver"], "utf8")).toBe("built\n");
});
