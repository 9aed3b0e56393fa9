import { once } from "node:events";
import { connect } from "node:net";
import { connect as tlsConnect } from "node:tls";
import { recordingLogger } from "@heraldlb/runtime/testing";
import { afterEach, beforeAll, describe, expect, test } from "vitest";
import { type Authority, createAuthority } from "./authority.test.fixture.ts";
import { type Peer, StreamError, type TlsMaterial } from "./index.ts";
import { dnsNames } from "./security.ts";
import { all, cleanUp, dial, echo, heartbeat, nextGroup, serve } from "./stream.test.fixture.ts";

afterEach(cleanUp);

let authority: Authority;
let controller: TlsMaterial;
let nodeA: TlsMaterial;
let stranger: TlsMaterial;

beforeAll(async () => {
  authority = await createAuthority("Herald test CA");
  controller = await authority.issue(["controller.example", "127.0.0.1"]);
  nodeA = await authority.issue(["node-a", "node-a.example"]);
  const other = await createAuthority("Herald test CA");
  stranger = await other.issue(["node-a"]);
});

/** Refuses whoever does not bear the name "node-a". */
const servePeers = async (security: TlsMaterial, peers: Peer[] = []) =>
  serve(
    async (stream) => {
      peers.push(stream.peer);
      if (!stream.peer.certificateNames?.includes("node-a")) throw new StreamError("permissionDenied", "not node-a");
      await echo(stream);
    },
    { security },
  );

describe("with TLS on both ends", () => {
  test("messages cross, and the server knows the client's names", async () => {
    const peers: Peer[] = [];
    const stream = await dial(await servePeers(controller, peers), { security: nodeA });
    stream.send(heartbeat(3));
    expect(await nextGroup(stream.messages[Symbol.asyncIterator]())).toBe("3");
    expect(peers[0]?.certificateNames).toEqual(["node-a", "node-a.example"]);
  });

  test("a certificate of another node is refused with a reason", async () => {
    const server = await servePeers(controller);
    const stream = await dial(server, { security: await authority.issue(["node-b"]) });
    stream.send(heartbeat(1));
    await expect(all(stream.messages)).rejects.toMatchObject({
      code: "permissionDenied",
      message: "not node-a",
    });
  });

  test("a client certificate of another authority is refused, and the server's log says so", async () => {
    const log = recordingLogger();
    const server = await serve(echo, { security: controller, log });
    const security = { ...stranger, ca: controller.ca };
    await expect(dial(server, { security })).rejects.toMatchObject({ name: "DialError", code: "tls" });
    expect(log.entries).toMatchObject([
      { level: "warn", message: "TLS handshake failed", fields: { peer: "127.0.0.1", reason: expect.any(String) } },
    ]);
  });

  test("a server certificate of another authority is refused", async () => {
    const server = await servePeers(controller);
    const security = { ...nodeA, ca: stranger.ca };
    await expect(dial(server, { security })).rejects.toMatchObject({ name: "DialError", code: "tls" });
  });

  test("a client without TLS gets nowhere", async () => {
    const server = await servePeers(controller);
    await expect(dial(server)).rejects.toMatchObject({ name: "DialError", code: "tls" });
  });

  test("a client that says nothing keeps no server from ending", { timeout: 4_000 }, async () => {
    const server = await servePeers(controller);
    const silent = connect(server.port, "127.0.0.1").on("error", () => {});
    await once(silent, "connect");
    server.stop();
    await server.closed;
  });

  test("a server without TLS is not talked to", async () => {
    const server = await serve(echo);
    await expect(dial(server, { security: nodeA })).rejects.toMatchObject({ name: "DialError", code: "tls" });
  });

  test.each([
    ["no certificate", {}],
    ["TLS 1.2", { maxVersion: "TLSv1.2" }],
  ] as const)("a client with %s is refused", async (what, options) => {
    const server = await servePeers(controller);
    const mine = what === "TLS 1.2" ? nodeA : { ca: controller.ca };
    const socket = tlsConnect({ port: server.port, host: "127.0.0.1", ALPNProtocols: ["h2"], ...mine, ...options });
    const [error] = await once(socket, "error");
    expect(error.code).toMatch(/^ERR_SSL_TLSV1(3_ALERT_CERTIFICATE_REQUIRED|_ALERT_PROTOCOL_VERSION)$/);
  });

  test("the server's certificate must bear the name that was dialled", async () => {
    const server = await servePeers(controller);
    const dialAs = (serverName: string) => dial(server, { security: nodeA, serverName });
    await expect(dialAs("elsewhere.example")).rejects.toMatchObject({
      code: "tls",
      message: expect.stringContaining("elsewhere.example"),
    });
    await dialAs("controller.example");
  });
});

describe("one trouble has one reason, however often it is met", () => {
  const peer = (port: number) => `127.0.0.1 port ${port}`;

  test.each([
    [
      "a client certificate of another authority",
      () => serve(echo, { security: controller }),
      () => ({ ...stranger, ca: controller.ca }),
      (port: number) =>
        `${peer(port)} ended the connection after the TLS handshake: it does not accept the certificate that this process shows`,
    ],
    [
      "a server certificate of another authority",
      () => serve(echo, { security: controller }),
      () => ({ ...nodeA, ca: stranger.ca }),
      (port: number) => `the certificate of ${peer(port)} is not accepted: certificate signature failure`,
    ],
    [
      "a client without TLS at a server with",
      () => serve(echo, { security: controller }),
      () => "insecure" as const,
      (port: number) => `${peer(port)} hung up instead of speaking HTTP/2: it may want TLS, with a certificate`,
    ],
    [
      "a client with TLS at a server without",
      () => serve(echo),
      () => nodeA,
      (port: number) => `no TLS handshake with ${peer(port)}: it does not speak TLS, or not TLS 1.3`,
    ],
  ])("%s", async (_what, start, security, reason) => {
    const server = await start();
    for (let i = 0; i < 20; i++) {
      await expect(dial(server, { security: security() })).rejects.toMatchObject({
        name: "DialError",
        code: "tls",
        message: reason(server.port),
      });
    }
  });
});

describe("new certificates", () => {
  test("are used for new connections, while live streams go on", async () => {
    const server = await servePeers(controller);
    const stream = await dial(server, { security: nodeA });
    const messages = stream.messages[Symbol.asyncIterator]();
    stream.send(heartbeat(1));
    await nextGroup(messages);

    const next = await createAuthority("The next CA");
    server.setTls(await next.issue(["127.0.0.1"]));
    await expect(dial(server, { security: nodeA })).rejects.toMatchObject({ code: "tls" });
    await dial(server, { security: await next.issue(["node-a"]) });
    stream.send(heartbeat(2));
    expect(await nextGroup(messages)).toBe("2");
  });

  test("cannot be given to a server without TLS", async () => {
    const server = await serve(echo);
    expect(() => server.setTls(controller)).toThrow(TypeError);
  });
});

test.each([
  ["DNS:a", ["a"]],
  ["DNS:a, IP Address:0:0:0:0:0:0:0:1, DNS:b.example, URI:spiffe://x/y", ["a", "b.example"]],
  ['DNS:"x, DNS:admin", DNS:b', ["b"]],
  ['DNS:"x\\", DNS:admin, DNS:y", DNS:b', ["b"]],
  ["", []],
])("the DNS names of %s are %j", (subjectAltName, names) => {
  expect(dnsNames(subjectAltName)).toEqual(names);
});
