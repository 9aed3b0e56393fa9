import { execFileSync } from "node:child_process";
import { chmod, mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { FakeClock } from "@heraldlb/runtime/testing";
import { afterEach, describe, expect, test, vi } from "vitest";
import {
  connectOptions,
  failureOf,
  kubeconfigTo,
  passUntil,
  startApiServer,
  temporaryFolder,
  writeKubeconfig,
} from "./api-server.test.fixture.ts";
import { Credentials } from "./credentials.ts";
import { connectKube, KubeconfigError } from "./index.ts";

const SERVER = "https://127.0.0.1:6443";
const usable = kubeconfigTo(SERVER, { token: "t" });

afterEach(() => {
  vi.unstubAllEnvs();
  vi.useRealTimers();
});

test.each<[string, object | string, string]>([
  ["not YAML", "users: [{token: secret-token\nx: }", "not YAML: "],
  ["empty", "", "not YAML: "],
  ["that is null", "null", "not a kubeconfig"],
  ["that is a list", "[1, 2]", "it has no current-context, and no context is given"],
  [
    "without a context",
    { ...usable, "current-context": undefined },
    "it has no current-context, and no context is given",
  ],
  ["with an unknown context", { ...usable, "current-context": "there" }, 'it has no context "there" (it has: here)'],
  [
    "without its cluster",
    { ...usable, clusters: [] },
    'its context "here" names the cluster "cluster", which it lacks',
  ],
  ["without its user", { ...usable, users: [] }, 'its context "here" names the user "user", which it lacks'],
  [
    "without a server",
    { ...usable, clusters: [{ name: "cluster", cluster: {} }] },
    "clusters[0].cluster.server is missing",
  ],
  [
    "with another protocol",
    kubeconfigTo("ftp://x", {}),
    'the server of its cluster "cluster" is not an http or https URL',
  ],
  [
    "plain http without consent",
    { ...usable, clusters: [{ name: "cluster", cluster: { server: "http://127.0.0.1:1" } }] },
    'its cluster "cluster" is plain http, which wants insecure-skip-tls-verify: true',
  ],
  ...["socks4://127.0.0.1:1080", "proxy.example"].map((proxy): [string, object, string] => [
    `with the proxy ${proxy}`,
    {
      ...usable,
      clusters: [{ name: "cluster", cluster: { server: "https://127.0.0.1:1", "proxy-url": proxy } }],
    },
    'the proxy-url of its cluster "cluster" is not an http, https or socks5 URL',
  ]),
  [
    "with a missing certificate",
    kubeconfigTo(SERVER, { "client-certificate": "none.crt" }),
    "ENOENT: no such file or directory, open ",
  ],
  ["with a broken certificate", kubeconfigTo(SERVER, { "client-certificate-data": "c2VjcmV0LXRva2Vu" }), "error:"],
  ["with a plugin that is not there", kubeconfigTo(SERVER, { exec: { command: "/none" } }), "spawn /none ENOENT"],
])("a kubeconfig %s is refused in one line that names the file", async (_, content, expected) => {
  const file = await writeKubeconfig(content);
  const error = await failureOf(connectKube({ ...connectOptions(), kubeconfig: file }));
  expect(error).toBeInstanceOf(KubeconfigError);
  const { message } = error as KubeconfigError;
  expect(message.startsWith(`kubeconfig ${file}: ${expected}`), message).toBe(true);
  expect(message).not.toMatch(/\n|secret/);
});

test("a kubeconfig that is not there is named", async () => {
  const error = await failureOf(connectKube({ ...connectOptions(), kubeconfig: "/none/kubeconfig" }));
  expect(error).toBeInstanceOf(KubeconfigError);
  expect(String(error)).toBe(
    "KubeconfigError: kubeconfig /none/kubeconfig: ENOENT: no such file or directory, open '/none/kubeconfig'",
  );
});

test("another context than the current one is taken if it is named", async () => {
  const contexts = [{ name: "there", context: { cluster: "cluster", namespace: "other" } }];
  const kubeconfig = await writeKubeconfig({ ...usable, contexts });
  const kube = await connectKube({ ...connectOptions(), kubeconfig, context: "there" });
  expect(kube.namespace).toBe("other");
});

test("outside a pod, a kubeconfig is asked for", async () => {
  vi.stubEnv("KUBERNETES_SERVICE_HOST", undefined);
  await expect(connectKube(connectOptions())).rejects.toThrow(
    "service account: not in a pod (KUBERNETES_SERVICE_HOST is not set), and no kubeconfig is given",
  );
});

test("in a pod, the service account's token is read again when it has been replaced", async () => {
  vi.stubEnv("KUBERNETES_SERVICE_HOST", "fd00::1");
  vi.stubEnv("KUBERNETES_SERVICE_PORT", "443");
  const root = await temporaryFolder();
  const file = (name: string) => join(root, "var/run/secrets/kubernetes.io/serviceaccount", name);
  await mkdir(dirname(file("token")), { recursive: true });
  await writeFile(file("namespace"), "herald-system\n");
  await writeFile(file("token"), "first\n");
  await expect(Credentials.load({ root, clock: new FakeClock() })).rejects.toThrow(
    /^service account: ENOENT: no such file or directory, open '.*ca\.crt'$/,
  );
  await writeFile(file("ca.crt"), "");
  const credentials = await Credentials.load({ root, clock: new FakeClock() });
  expect(credentials.namespace).toBe("herald-system");
  const first = await credentials.access();
  expect(first.way.server.href).toBe("https://[fd00::1]/");
  expect(first.headers).toEqual({ Authorization: "Bearer first" });
  await writeFile(file("token"), "second\n");
  await credentials.forget(first);
  const second = await credentials.access();
  expect(second.headers).toEqual({ Authorization: "Bearer second" });
  // A slower answer to the first token.
  await credentials.forget(first);
  expect(await credentials.access()).toBe(second);
});

test("a token's file is named as kubectl does, comes before a token, and is read again after a minute and a refusal", async () => {
  vi.useFakeTimers({ toFake: ["Date"] });
  const clock = new FakeClock();
  const kubeconfig = await writeKubeconfig(kubeconfigTo(SERVER, { token: "old", tokenFile: "token" }));
  await expect(Credentials.load({ kubeconfig, clock })).rejects.toThrow(
    `kubeconfig ${kubeconfig}: ENOENT: no such file or directory, open '${join(dirname(kubeconfig), "token")}'`,
  );
  const writeToken = (token: string) => writeFile(join(dirname(kubeconfig), "token"), token);
  await writeToken("first\n");
  const credentials = await Credentials.load({ kubeconfig, clock });
  const first = await credentials.access();
  expect(first.headers).toEqual({ Authorization: "Bearer first" });
  await writeToken("second\n");
  vi.setSystemTime(Date.now() + 61_000);
  await clock.advance(10_000);
  const second = await credentials.access();
  expect(second.headers).toEqual({ Authorization: "Bearer second" });
  expect(second.way).toBe(first.way);
  await writeToken("third\n");
  await credentials.forget(second);
  expect((await credentials.access()).headers).toEqual({ Authorization: "Bearer third" });
});

test("credentials are read again when the server does not accept them, once for each request", async () => {
  const server = await startApiServer();
  const kubeconfig = await server.kubeconfig({ token: "first" });
  const kube = await server.connect({ kubeconfig });
  await writeFile(kubeconfig, JSON.stringify(kubeconfigTo(server.url, { token: "second" })));
  const answer = kube.request("POST", "/x", { body: { a: 1 } });
  (await server.next()).answer(401, {});
  const repeated = await server.next();
  expect(repeated).toMatchObject({ headers: { authorization: "Bearer second" }, body: { a: 1 } });
  repeated.answer(401, {});
  expect(await failureOf(answer)).toMatchObject({ name: "KubeError", status: 401 });
});

describe("a kubeconfig that has been replaced", () => {
  test("counts after ten seconds, with another server too", async () => {
    const clock = new FakeClock();
    const [first, second] = [await startApiServer(), await startApiServer()];
    const kubeconfig = await first.kubeconfig({ token: "first" });
    const kube = await first.connect({ kubeconfig, clock });
    await writeFile(kubeconfig, JSON.stringify(kubeconfigTo(second.url, { token: "second" })));
    await clock.advance(10_000);
    const answer = kube.request("GET", "/x");
    const exchange = await second.next();
    expect(exchange.headers.authorization).toBe("Bearer second");
    exchange.answer(200, {});
    await answer;
  });

  test("by one that is unusable does not count before the server refuses what was in it", async () => {
    const clock = new FakeClock();
    const kubeconfig = await writeKubeconfig(usable);
    const credentials = await Credentials.load({ kubeconfig, clock });
    await writeFile(kubeconfig, "{}");
    await clock.advance(10_000);
    const access = await credentials.access();
    expect(access.headers).toEqual({ Authorization: "Bearer t" });
    await credentials.forget(access);
    await expect(credentials.access()).rejects.toThrow("it has no current-context");
  });
});

test("a kubeconfig that has become unusable fails the request, not the process", async () => {
  const server = await startApiServer();
  const kubeconfig = await server.kubeconfig();
  const kube = await server.connect({ kubeconfig });
  await writeFile(kubeconfig, "{}");
  const failure = failureOf(kube.request("GET", "/x"));
  (await server.next()).answer(401, {});
  expect(await failure).toMatchObject({
    name: "KubeError",
    status: 0,
    message: `kubeconfig ${kubeconfig}: it has no current-context, and no context is given`,
  });
});

test("a plugin that does not answer is not waited for", async () => {
  const clock = new FakeClock();
  const folder = await temporaryFolder();
  const [command, pipe] = [join(folder, "plugin"), join(folder, "pipe")];
  execFileSync("mkfifo", [pipe]);
  await writeFile(command, `#!/bin/sh\ncat ${pipe}\n`);
  await chmod(command, 0o700);
  const kubeconfig = await writeKubeconfig(kubeconfigTo(SERVER, { exec: { command } }));
  const failure = failureOf(connectKube({ ...connectOptions(), clock, kubeconfig }));
  expect(String(await passUntil(clock, failure))).toMatch(
    /^KubeconfigError: kubeconfig .*: no credentials within 20 s$/,
  );
  // Lets it end.
  await writeFile(pipe, "{}");
});

test("a plugin is asked for a token, and asked again once that has expired", async () => {
  const clock = new FakeClock();
  const folder = await temporaryFolder();
  const command = join(folder, "plugin");
  const credential = (token: string, expirationTimestamp: string) =>
    `#!/bin/sh\necho '${JSON.stringify({ status: { token, expirationTimestamp } })}'\n`;
  await writeFile(command, credential("first", "2000-01-01T00:00:00Z"));
  await chmod(command, 0o700);
  const server = await startApiServer();
  const kube = await server.connect({ kubeconfig: await server.kubeconfig({ exec: { command } }), clock });
  const tokens: unknown[] = [];
  const ask = async () => {
    const answer = kube.request("GET", "/x");
    const exchange = await server.next();
    tokens.push(exchange.headers.authorization);
    exchange.answer(200, {});
    await answer;
  };
  await ask();
  await writeFile(command, credential("second", "2999-01-01T00:00:00Z"));
  await ask();
  await clock.advance(10_000);
  await ask();
  expect(tokens).toEqual(["Bearer first", "Bearer first", "Bearer second"]);
});
