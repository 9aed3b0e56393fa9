import { execFile } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect, createServer, type Server, type TlsOptions } from "node:tls";
import { promisify } from "node:util";
import { silentLogger, systemClock } from "@heraldlb/runtime";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { type Authority, openAuthority } from "./authority.ts";
import { FakeSecret } from "./fake-secret.test.fixture.ts";

const run = promisify(execFile);
const NAME = "herald-controller.herald.svc";

const stop = new AbortController();
const servers: Server[] = [];
let [authority, stranger]: Authority[] = [];
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "herald-chain-"));
  [authority, stranger] = await Promise.all([open(), open()]);
});
afterAll(async () => {
  stop.abort();
  await rm(folder, { recursive: true });
});
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

const open = () =>
  openAuthority(
    { store: new FakeSecret(), clock: systemClock, log: silentLogger, wallClock: Date.now, random: Math.random },
    stop.signal,
  );

async function server(by: Authority | undefined, names: readonly string[]) {
  const { value } = (await by?.serverCertificates(names, stop.signal).next()) ?? {};
  if (!value) throw new Error("no certificate");
  return value;
}

async function client(by: Authority | undefined, node: string) {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const cert = await by?.signClient(new Uint8Array(publicKey.export({ format: "der", type: "spki" })), node);
  return { cert: cert ?? "", key: String(privateKey.export({ format: "pem", type: "pkcs8" })) };
}

/** Connects, and resolves to what the server has found out about the client; rejects if one refuses the other. */
async function handshake(serverOptions: TlsOptions, clientOptions: object): Promise<string | undefined> {
  const listener = createServer({ ...serverOptions, minVersion: "TLSv1.3" }, (socket) => {
    socket.end(`authorized as ${socket.getPeerX509Certificate()?.subjectAltName}`);
  });
  servers.push(listener);
  listener.listen(0, "127.0.0.1");
  await once(listener, "listening");
  const { port } = listener.address() as AddressInfo;
  const socket = connect({ host: "127.0.0.1", port, servername: NAME, ...clientOptions });
  let text = "";
  socket.setEncoding("utf8").on("data", (data: string) => {
    text += data;
  });
  await once(socket, "end");
  socket.destroy();
  return text;
}

describe("TLS 1.3 with nothing but the bundle", () => {
  test("controller and node accept each other", async () => {
    const { cert, key, ca } = await server(authority, [NAME]);
    const node = await client(authority, "n1");
    expect(await handshake({ cert, key, ca, requestCert: true }, { ca, ...node })).toBe("authorized as DNS:n1");
  });

  test("a server is refused under another name", async () => {
    const { cert, key, ca } = await server(authority, ["other.svc"]);
    await expect(handshake({ cert, key }, { ca })).rejects.toThrow("does not match");
  });

  test("a server of another authority is refused", async () => {
    const { cert, key } = await server(stranger, [NAME]);
    await expect(handshake({ cert, key }, { ca: authority?.bundle })).rejects.toThrow("unable to verify");
  });

  test.each([
    ["of another authority", () => client(stranger, "n1")],
    ["that is a server's", () => server(authority, [NAME])],
  ])("a client is refused with a certificate %s", async (_, material) => {
    const { cert, key, ca } = await server(authority, [NAME]);
    const { cert: clientCert, key: clientKey } = await material();
    const dialled = handshake({ cert, key, ca, requestCert: true }, { ca, cert: clientCert, key: clientKey });
    // In TLS 1.3 the client hears of it only when it reads.
    expect(await dialled.catch(() => "")).toBe("");
  });

  test("a node cannot pass itself off as a controller", async () => {
    const node = await client(authority, "n1");
    await expect(handshake(node, { ca: authority?.bundle })).rejects.toThrow("does not match");
  });
});

describe("openssl verify", () => {
  async function verify(cert: string, ...flags: string[]): Promise<string> {
    const [ca, leaf] = [join(folder, "ca.pem"), join(folder, "leaf.pem")];
    await Promise.all([writeFile(ca, authority?.bundle ?? ""), writeFile(leaf, cert)]);
    // The newest versions check this much of RFC 5280 by themselves.
    const { stdout } = await run("openssl", ["verify", "-x509_strict", "-CAfile", ca, ...flags, leaf]);
    return stdout;
  }

  test("has nothing against a server's certificate", async () => {
    const { cert } = await server(authority, [NAME, "10.0.0.1", "fd00::1"]);
    for (const flags of [
      ["-verify_hostname", NAME],
      ["-verify_ip", "10.0.0.1"],
      ["-verify_ip", "fd00::1"],
    ]) {
      expect(await verify(cert, "-purpose", "sslserver", ...flags)).toContain("OK");
    }
    await expect(verify(cert, "-purpose", "sslclient")).rejects.toThrow();
  });

  test.each(["n1", `${"n".repeat(62)}.example`, `${"n".repeat(60)}.${"m".repeat(60)}`])(
    "has nothing against the certificate of node %s",
    async (node) => {
      const { cert } = await client(authority, node);
      for (const purpose of ["sslclient", "sslserver"]) {
        expect(await verify(cert, "-purpose", purpose, "-verify_hostname", node)).toContain("OK");
      }
    },
  );

  test("takes the authority itself for one that signs no other authorities", async () => {
    const file = join(folder, "self.pem");
    await writeFile(file, authority?.bundle ?? "");
    const { stdout } = await run("openssl", ["x509", "-in", file, "-noout", "-text"]);
    expect(stdout).toContain("CA:TRUE, pathlen:0");
    expect(stdout).toContain("Certificate Sign, CRL Sign");
  });
});
