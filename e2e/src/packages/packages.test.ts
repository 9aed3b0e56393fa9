// Each published package stands alone: packed, installed outside the workspace, type-checked, and its README's examples run.
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { examplesOf } from "./readme.ts";

const ROOT = join(import.meta.dirname, "../../..");

interface Manifest {
  readonly name: string;
  readonly exports: Readonly<Record<string, unknown>>;
  readonly bin?: Readonly<Record<string, string>>;
}

const folders: readonly string[] = readdirSync(join(ROOT, "packages"));
const manifests: readonly Manifest[] = folders.map((folder) =>
  JSON.parse(readFileSync(join(ROOT, "packages", folder, "package.json"), "utf8")),
);
const bins = manifests.flatMap(({ bin }) => Object.keys(bin ?? {}));

/** Every path that a consumer may import: `@heraldlb/net`, `@heraldlb/runtime/testing`, … */
const entries = manifests.flatMap(({ name, exports }) =>
  Object.keys(exports)
    .filter((path) => path !== "./package.json")
    .map((path) => name + path.slice(1)),
);

let project = "";
let tarballs = "";

function run(command: string, args: readonly string[], cwd = project): { status: number | null; output: string } {
  // Nothing of the workspace may help: neither its node_modules/.bin nor the conditions that make its sources visible.
  const { PATH = "", ...rest } = process.env;
  const path = PATH.split(":").filter((entry) => !entry.includes("node_modules"));
  const env = { ...rest, PATH: [dirname(process.execPath), ...path].join(":"), NODE_OPTIONS: "" };
  const { status, stdout, stderr, error } = spawnSync(command, args, { cwd, env, encoding: "utf8", timeout: 120_000 });
  return { status, output: `${stdout}${stderr}${error ?? ""}` };
}

beforeAll(async () => {
  tarballs = await mkdtemp(join(tmpdir(), "herald-tarballs-"));
  project = await mkdtemp(join(tmpdir(), "herald-consumer-"));
  const workspaces = folders.flatMap((folder) => ["-w", `packages/${folder}`]);
  const packed = run("npm", ["pack", ...workspaces, "--pack-destination", tarballs], ROOT);
  expect(packed.status, packed.output).toBe(0);
  await writeFile(join(project, "package.json"), JSON.stringify({ name: "consumer", private: true, type: "module" }));
  const files = readdirSync(tarballs).map((file) => join(tarballs, file));
  expect(files).toHaveLength(folders.length);
  const args = ["install", "--no-audit", "--no-fund", "--ignore-scripts", ...files, "typescript@5.9", "@types/node@22"];
  const installed = run("npm", args);
  expect(installed.status, installed.output).toBe(0);
}, 240_000);

afterAll(async () => {
  for (const folder of [project, tarballs]) if (folder) await rm(folder, { recursive: true, force: true });
});

test.each([
  ["publint", ["--strict"]],
  ["attw", ["--profile", "esm-only", "--format", "ascii"]],
] as const)(
  "%s finds nothing wrong with any package",
  (tool, options) => {
    for (const file of readdirSync(tarballs)) {
      const { status, output } = run(join(ROOT, "node_modules/.bin", tool), [join(tarballs, file), ...options]);
      expect(status, `${file}\n${output}`).toBe(0);
    }
  },
  120_000,
);

test("brings neither a pinned Node nor pcap", () => {
  const { output } = run("npm", ["ls", "--all", "--parseable"]);
  expect(output).not.toMatch(/node-linux-|node_modules\/pcap$/m);
  expect(existsSync(join(project, "node_modules/pcap"))).toBe(false);
});

test("has no tests, fixtures or build state in a tarball", () => {
  const { output } = run("find", ["node_modules/@heraldlb/", "-name", "*.test.*", "-o", "-name", ".tsbuildinfo"]);
  expect(output.trim()).toBe("");
});

test("type-checks in a strict TypeScript 5.9 project", async () => {
  await mkdir(join(project, "examples"), { recursive: true });
  const lines = entries.map((entry, i) => `export * as entry${i} from ${JSON.stringify(entry)};`);
  await writeFile(join(project, "examples/all.ts"), `${lines.join("\n")}\n`);
  for (const folder of folders) {
    const readme = await readFile(join(ROOT, "packages", folder, "README.md"), "utf8");
    for (const [i, { language, code }] of examplesOf(readme).entries()) {
      if (language === "ts") await writeFile(join(project, `examples/${folder}-${i}.ts`), code);
    }
  }
  const compilerOptions = {
    target: "es2023",
    lib: ["es2024", "esnext.disposable", "esnext.iterator", "esnext.array", "esnext.collection"],
    module: "nodenext",
    strict: true,
    exactOptionalPropertyTypes: true,
    noUncheckedIndexedAccess: true,
    skipLibCheck: false,
    noEmit: true,
    types: ["node"],
  };
  await writeFile(join(project, "tsconfig.json"), JSON.stringify({ compilerOptions, include: ["examples"] }));
  const { status, output } = run(process.execPath, ["node_modules/typescript/bin/tsc", "-p", "."]);
  expect(status, output).toBe(0);
}, 120_000);

describe.each(folders)("packages/%s", (folder) => {
  const path = join(ROOT, "packages", folder, "README.md");
  const examples = existsSync(path) ? examplesOf(readFileSync(path, "utf8")) : [];

  test("has a README with an example", () => {
    expect(examples.length).toBeGreaterThan(0);
  });

  test.each(examples)(
    "its README's $language block at line $line runs",
    async ({ language, code, line }) => {
      const file = join(project, `readme-${folder}-${line}.${language}`);
      await writeFile(file, code);
      const command = language === "ts" ? process.execPath : "sh";
      const { status, output } = run(command, language === "ts" ? [file] : ["-eu", file]);
      expect(status, output).toBe(0);
    },
    60_000,
  );
});

test.each(bins)("%s starts", (bin) => {
  const { status, output } = run(join(project, "node_modules/.bin", bin), ["--version"]);
  expect(status, output).toBe(0);
  expect(output).toMatch(/\d+\.\d+\.\d+/);
});
