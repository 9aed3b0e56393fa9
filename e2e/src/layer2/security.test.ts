import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { heraldCommand, monotonicMs, pass, run, STREAM_PORT } from "@heraldlb/lab";
import type { Ip } from "@heraldlb/net";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { owner, printLogs, type Site, setUp, writeService } from "../site.fixture.ts";

describe("TLS", () => {
  let site: Site;
  let folder: string;

  beforeAll(async () => {
    site = await setUp("tls", { nodes: 2 });
    folder = join(site.lab.folder, "tls");
    mkdirSync(folder);
    await authority("ca");
    await authority("foreign");
    await certificate("controller", "ca", `IP:${site.lab.host("controller1").ipv4}`);
    await certificate("node1", "ca", "DNS:node1");
    await certificate("node2", "ca", "DNS:node2");
    await certificate("foreign-node1", "foreign", "DNS:node1");
    writeService(site, { name: "web" });
    await site.herald.startController({ args: tls("controller", "ca") });
  });
  afterAll(() => site[Symbol.asyncDispose]());
  beforeEach(({ onTestFailed }) => {
    onTestFailed(() => printLogs(site));
    // What a speaker owned before it would go on announcing, controller or not.
    site.herald.forgetState(site.lab.host("node1"));
  });

  test("a speaker with the node's own certificate serves", async () => {
    await using _speaker = site.herald.startSpeaker(site.lab.host("node1"), { args: tls("node1", "ca") });
    const [ipv4] = (await site.herald.given("web", 2)) as [Ip];
    expect((await owner(site, ipv4)).name).toBe("node1");
  });

  test.each([
    ["another authority's certificate", () => tls("foreign-node1", "ca")],
    ["another node's certificate", () => tls("node2", "ca")],
    ["no TLS at all", () => ["--insecure"]],
  ])("a speaker with %s is refused: it never answers for an address", async (_name, args) => {
    await using speaker = site.herald.startSpeaker(site.lab.host("node1"), { args: args() });
    await speaker.logged(/controller not reached|stream lost/);
    await pass(1500);
    expect(speaker.log()).not.toMatch(/"to":"owner"/);
    await nobodyAnswers();
  });

  test("both sides say why another node's certificate is refused", async () => {
    await using speaker = site.herald.startSpeaker(site.lab.host("node1"), { args: tls("node2", "ca") });
    const reason = /the certificate is that of node2, not of node node1/;
    await speaker.logged(reason);
    await site.herald.controller().logged(reason);
  });

  test("a client without a certificate is refused in the handshake", async () => {
    const address = `${site.lab.host("controller1").ipv4}:${STREAM_PORT}`;
    const connect = ["openssl", "s_client", "-connect", address, "-alpn", "h2", "-CAfile", file("ca.crt")] as const;
    const refused = await site.lab.host("node1").attempt([...connect, "-ign_eof"], { timeoutMs: 5000 });
    expect(refused.stdout + refused.stderr).toMatch(/certificate required/);
  });

  test("a speaker does not trust a controller of another authority", async () => {
    await using speaker = site.herald.startSpeaker(site.lab.host("node1"), { args: tls("node1", "foreign") });
    await speaker.logged(/controller not reached/);
    await pass(1500);
    await nobodyAnswers();
  });

  test.each([
    ["herald-controller", () => ["--source", `file:${site.herald.folder}`, "--listen", `127.0.0.1:${STREAM_PORT}`]],
    [
      "herald-speaker",
      () => ["--node", "n", "--controller", `127.0.0.1:${STREAM_PORT}`, "--state-dir", `${folder}/state`],
    ],
  ] as const)("%s with neither TLS nor --insecure refuses to start and says what to do", async (name, args) => {
    const began = monotonicMs();
    const result = await site.lab.host("node2").attempt([heraldCommand(name), ...args()]);
    expect(result.exitCode).toBe(2);
    expect(result.stderr.trim().split("\n")).toHaveLength(1);
    expect(result.stderr).toMatch(/--tls-cert.*--insecure/);
    expect(monotonicMs() - began).toBeLessThan(5000);
  });

  async function nobodyAnswers(): Promise<void> {
    for (const address of site.herald.addresses("web")) expect(await site.witness.resolve(address)).toEqual([]);
  }

  function file(name: string): string {
    return join(folder, name);
  }

  function tls(certificateName: string, authorityName: string): string[] {
    const [crt, key, ca] = [
      file(`${certificateName}.crt`),
      file(`${certificateName}.key`),
      file(`${authorityName}.crt`),
    ];
    return ["--tls-cert", crt, "--tls-key", key, "--tls-ca", ca];
  }

  async function authority(name: string): Promise<void> {
    const subject = ["-subj", `/CN=${name}`, "-days", "1"];
    await run("openssl", ["req", "-x509", ...newKey(name), ...subject, "-out", file(`${name}.crt`)]);
  }

  async function certificate(name: string, by: string, alternative: string): Promise<void> {
    const commonName = alternative.slice(alternative.indexOf(":") + 1);
    const extensions = ["-addext", `subjectAltName=${alternative}`];
    const signer = ["-CA", file(`${by}.crt`), "-CAkey", file(`${by}.key`)];
    const subject = ["-subj", `/CN=${commonName}`, "-days", "1"];
    await run("openssl", [
      "req",
      "-x509",
      ...newKey(name),
      ...signer,
      ...subject,
      ...extensions,
      "-out",
      file(`${name}.crt`),
    ]);
  }

  function newKey(name: string): string[] {
    return ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", file(`${name}.key`)];
  }
});
