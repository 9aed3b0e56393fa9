import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { request } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { describe, expect, test, vi } from "vitest";
import { createSelfSigned } from "./self-signed.ts";

// A busy machine takes seconds to start so many processes.
const SLOW = { timeout: 60_000 };

const needed = ["--controller", "c:1", "--insecure", "--metrics", "127.0.0.1:0"];

function start(
  args: readonly string[],
  env: Record<string, string> = {},
): ChildProcessByStdio<null, Readable, Readable> {
  const script = join(import.meta.dirname, "run-main.test.fixture.ts");
  const { PATH } = process.env;
  return spawn(process.execPath, ["--conditions=@heraldlb/source", script, ...args], {
    env: { PATH, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
}

interface Ending {
  readonly code: number | null;
  readonly stderr: string;
  /** What was logged, or printed. */
  readonly lines: readonly string[];
}

async function ending(child: ChildProcessByStdio<null, Readable, Readable>): Promise<Ending> {
  const [stdout, stderr, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, "close")]);
  return { code, stderr, lines: stdout.split("\n").slice(0, -1) };
}

const run = (args: readonly string[], env?: Record<string, string>) => ending(start(args, env));

/** Waits until the process has logged something. After "settings" it answers to signals. */
async function logged(child: ChildProcessByStdio<null, Readable, Readable>, message: string): Promise<void> {
  for await (const chunk of child.stdout.iterator({ destroyOnReturn: false })) {
    if (`${chunk}`.includes(`"message":"${message}"`)) return;
  }
}

describe.concurrent("exit code 0", SLOW, () => {
  test.each([
    ["--help", "Usage: herald-fixture [options]"],
    ["--version", "1.2.3"],
  ])("after %s", async (flag, first) => {
    const { code, lines, stderr } = await run([flag]);
    expect([code, lines[0], stderr]).toEqual([0, first, ""]);
  });

  test("when the work is done", async () => {
    const { code, lines } = await run([...needed, "--behave", "return"]);
    const entries = lines.map((line) => JSON.parse(line));
    expect(code).toBe(0);
    expect(entries.map(({ message }) => message)).toEqual(["starting", "settings", "ended"]);
    expect(entries[1]).toMatchObject({ controller: ["c:1"], fast: false, security: "insecure" });
  });

  test.each(["SIGTERM", "SIGINT"] as const)("after %s", async (signal) => {
    const child = start(needed);
    await logged(child, "settings");
    child.kill(signal);
    const { code, stderr } = await ending(child);
    expect([code, stderr]).toEqual([0, ""]);
  });

  test("within 5 s of a signal, whatever hangs", async () => {
    const child = start([...needed, "--behave", "hang"]);
    await logged(child, "settings");
    const signalled = performance.now();
    child.kill("SIGTERM");
    const { code } = await ending(child);
    expect(code).toBe(0);
    expect(performance.now() - signalled).toBeGreaterThan(4000);
  });
});

describe.concurrent("exit code 1", SLOW, () => {
  test("for what is fatal, with the reason as the log's last entry", async () => {
    const { code, lines, stderr } = await run([...needed, "--behave", "fatal"]);
    expect([code, stderr]).toEqual([1, ""]);
    expect(JSON.parse(lines.at(-1) ?? "")).toMatchObject({
      level: "error",
      message: "fatal",
      reason: "the state folder is in use",
    });
  });

  test.each([
    ["bug", "RangeError", "a bug"],
    ["reject", "Error", "nobody waits for this"],
  ])("for a %s, with a stack", async (behave, type, message) => {
    const { code, lines } = await run([...needed, "--behave", behave]);
    expect(code).toBe(1);
    expect(JSON.parse(lines.at(-1) ?? "")).toMatchObject({
      message: "fatal",
      error: { type, message, stack: expect.stringContaining("run-main.test.fixture.ts") },
    });
  });

  test("at a second signal, at once", async () => {
    const child = start([...needed, "--behave", "hang"]);
    await logged(child, "settings");
    const signalled = performance.now();
    child.kill("SIGTERM");
    await logged(child, "ending");
    child.kill("SIGTERM");
    expect((await ending(child)).code).toBe(1);
    expect(performance.now() - signalled).toBeLessThan(4000);
  });
});

describe.concurrent("exit code 2, with one line on standard error and nothing logged", SLOW, () => {
  const tls = ["--tls-cert", "a", "--tls-key", "b", "--tls-ca", "c"];
  test.each<[args: string[], line: string]>([
    [[], "--controller is required; allowed: a text that is not empty"],
    [[...needed, "--behave", "x"], '--behave: "x"; allowed: wait, hang, return, fatal, bug, setting, reject'],
    [
      ["--controller", "c:1"],
      "give --tls-cert, --tls-key and --tls-ca for authenticated streams, or --insecure to do without",
    ],
    [
      [...needed, "--tls-cert", "a"],
      "--tls-key and --tls-ca missing; TLS needs all of --tls-cert, --tls-key, --tls-ca",
    ],
    [
      ["--controller", "c:1", ...tls, "--metrics", "0.0.0.0:9120"],
      "--metrics: 0.0.0.0:9120 can be reached from elsewhere, and metrics are not authenticated; allowed: a loopback address, or --insecure",
    ],
  ])("for %j", async (args, line) => {
    expect(await run(args)).toEqual({ code: 2, stderr: `herald-fixture: ${line}\n`, lines: [] });
  });

  test("for a setting that proves wrong later", async () => {
    const { code, stderr } = await run([...needed, "--behave", "setting"]);
    expect([code, stderr]).toEqual([2, "herald-fixture: --state-dir: /nowhere cannot be written\n"]);
  });
});

test("settings come from the environment too", SLOW, async () => {
  const env = {
    HERALD_CONTROLLER: "a:1,b:2",
    HERALD_INSECURE: "true",
    HERALD_BEHAVE: "return",
    HERALD_LOG_FORMAT: "json",
  };
  const { code, lines } = await run(["--metrics", "127.0.0.1:0"], env);
  expect(code).toBe(0);
  expect(JSON.parse(lines[1] ?? "")).toMatchObject({ controller: ["a:1", "b:2"] });
});

test("TLS files and --insecure together mean TLS, and metrics for everybody", SLOW, async () => {
  const { lines } = await run([
    ...["--controller", "c:1", "--tls-cert", "a", "--tls-key", "b", "--tls-ca", "c", "--insecure"],
    ...["--metrics", "0.0.0.0:0", "--behave", "return"],
  ]);
  expect(JSON.parse(lines[1] ?? "")).toMatchObject({ security: { cert: "a", key: "b", ca: "c" } });
});

describe.concurrent("a process that has tokens reviewed", SLOW, () => {
  const beyond = ["--controller", "c:1", "--metrics", "0.0.0.0:0", "--reviewed"];

  test("serves metrics beyond loopback over HTTPS, to those whose token is allowed, with the certificate of its files", async () => {
    const folder = await mkdtemp(join(tmpdir(), "herald-metrics-"));
    const certificate = createSelfSigned("node-a");
    for (const [file, pem] of Object.entries(certificate)) await writeFile(join(folder, file), pem);
    const [cert, key] = [join(folder, "cert"), join(folder, "key")];
    const child = start([...beyond, "--tls-cert", cert, "--tls-key", key, "--tls-ca", cert]);
    const url = `https://127.0.0.1:${await metricsPort(child)}/metrics`;
    const statusFor = async (token: string) => {
      const tls = { ca: certificate.cert, checkServerIdentity: () => undefined };
      const sent = request(url, { ...tls, agent: false, headers: { authorization: `Bearer ${token}` } }).end();
      const [response] = await once(sent, "response");
      response.resume();
      return response.statusCode;
    };
    // Until its files are read it shows a certificate that nobody vouches for.
    await vi.waitFor(async () => expect(await statusFor("right")).toBe(200), { timeout: 10_000 });
    expect(await statusFor("wrong")).toBe(403);
    child.kill("SIGTERM");
    expect((await ending(child)).code).toBe(0);
    await rm(folder, { recursive: true });
  });

  test("serves them to everybody, as others do, with --insecure", async () => {
    const child = start([...beyond, "--insecure"]);
    const response = await fetch(`http://127.0.0.1:${await metricsPort(child)}/metrics`);
    expect(response.status).toBe(200);
    child.kill("SIGTERM");
    expect((await ending(child)).code).toBe(0);
  });
});

async function metricsPort(child: ChildProcessByStdio<null, Readable, Readable>): Promise<number> {
  for await (const line of createInterface(child.stdout)) {
    const { message, address } = JSON.parse(line);
    if (message === "serving metrics") return Number(address.split(":").at(-1));
  }
  throw new Error("no metrics are served");
}
