import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { afterEach, describe, expect, test, vi } from "vitest";
import { advertisement, pool, service } from "./controller.test.fixture.ts";
import { cleanUp, makeFolder } from "./run.test.fixture.ts";

const MAIN = join(import.meta.dirname, "main.ts");
const QUIET = ["--listen", "127.0.0.1:0", "--metrics", "127.0.0.1:0", "--insecure"];

const children = new Set<ChildProcess>();

vi.setConfig({ testTimeout: 30_000 });

afterEach(async () => {
  for (const child of children) child.kill("SIGKILL");
  children.clear();
  await cleanUp();
});

function start(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const child = spawn(process.execPath, ["--conditions=@heraldlb/source", MAIN, ...args], { env });
  children.add(child);
  let [stdout, stderr] = ["", ""];
  child.stdout.on("data", (chunk) => (stdout += chunk));
  child.stderr.on("data", (chunk) => (stderr += chunk));
  const output = once(child, "close").then(([code]) => ({ stdout, stderr, code: code as number | null }));
  const logged = (message: string) =>
    vi.waitFor(() => expect(stdout).toContain(`"message":"${message}"`), { timeout: 60_000, interval: 10 });
  return { child, output, logged };
}

// Processes that start on a busy machine take their time.
describe("herald-controller", { timeout: 90_000 }, () => {
  test.each([
    ["a source of no kind", ["--source", "etcd", "--insecure"], "allowed: file:DIR, kubernetes"],
    ["neither TLS nor --insecure", ["--source", "file:/tmp"], "--tls-cert"],
    [
      "what means nothing to a folder",
      ["--source", "file:/tmp", "--insecure", "--kube-qps", "50"],
      "--kube-qps: only with --source kubernetes",
    ],
    ["a flag that is unknown", ["--source", "file:/tmp", "--insecure", "--etcd", "x"], "--etcd"],
  ])("refuses %s with exit code 2 and one line", async (_name, args, hint) => {
    const { stderr, stdout, code } = await start(args).output;
    expect(code).toBe(2);
    expect(stderr).toContain(hint);
    expect(stderr.trimEnd()).not.toContain("\n");
    expect(stdout).toBe("");
  });

  test.each([
    ["a kubeconfig that is not there", ["--source", "kubernetes", "--kubeconfig", "/nonexistent/config"]],
    ["a kubeconfig for a folder", ["--source", "file:/tmp", "--kubeconfig", "/nonexistent/config"]],
  ])("refuses %s with exit code 2", async (_name, args) => {
    const { stderr, code } = await start([...args, ...QUIET]).output;
    expect(code).toBe(2);
    expect(stderr).toMatch(/^herald-controller: --kubeconfig: .+\n$/);
  });

  test("ends with exit code 1 where there is no such folder", async () => {
    const { stdout, code } = await start(["--source", "file:/nonexistent/herald", ...QUIET]).output;
    expect(code).toBe(1);
    expect(stdout).toContain("/nonexistent/herald");
  });

  test.each(["SIGTERM", "SIGINT"] as const)("ends with exit code 0 at %s", async (signal) => {
    const folder = await makeFolder({ "a.yaml": pool("lab", ["10.0.0.1/32"]), "b.yaml": advertisement() });
    const { child, output, logged } = start([...QUIET, "--log-format", "json"], { HERALD_SOURCE: `file:${folder}` });
    await logged("leading");
    child.kill(signal);
    expect(await output).toMatchObject({ code: 0 });
  });

  test("ends with exit code 0 when the signal comes at once", async () => {
    const folder = await makeFolder({ "a.yaml": service("web") });
    const { child, output, logged } = start(["--source", `file:${folder}`, ...QUIET]);
    await logged("starting");
    child.kill("SIGTERM");
    expect(await output).toMatchObject({ code: 0 });
  });
});
