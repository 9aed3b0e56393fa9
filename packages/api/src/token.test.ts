import { connect as connectHttp2 } from "node:http2";
import { recordingLogger } from "@heraldlb/runtime/testing";
import { afterEach, beforeAll, describe, expect, test } from "vitest";
import { type Authority, createAuthority } from "./authority.test.fixture.ts";
import { isBearerToken, type Peer, type ServeOptions, StreamError, type TlsMaterial } from "./index.ts";
import { bearerToken } from "./security.ts";
import { afterwards, all, cleanUp, dial, echo, heartbeat, nextGroup, serve } from "./stream.test.fixture.ts";

afterEach(cleanUp);

let authority: Authority;
let controller: TlsMaterial;
let nodeA: TlsMaterial;

beforeAll(async () => {
  authority = await createAuthority("Herald test CA");
  controller = await authority.issue(["controller.example", "127.0.0.1"]);
  nodeA = await authority.issue(["node-a"]);
});

/** A server that takes clients without a certificate, and tells whom it has met. */
async function servePeers(options: Partial<ServeOptions> = {}) {
  const peers: Peer[] = [];
  const log = recordingLogger();
  const server = await serve(
    async (stream) => {
      peers.push(stream.peer);
      await echo(stream);
    },
    { security: controller, clientCertificates: "optional", log, ...options },
  );
  return { server, peers, log };
}

async function talk(server: { readonly port: number }, security: Parameters<typeof dial>[1]) {
  const stream = await dial(server, security);
  stream.send(heartbeat(3));
  expect(await nextGroup(stream.messages[Symbol.asyncIterator]())).toBe("3");
}

describe("a client without a certificate", () => {
  test("is let in where certificates are optional, and its token reaches the handler", async () => {
    const { server, peers } = await servePeers();
    await talk(server, { security: { ca: controller.ca, token: "a.b-c_d" } });
    expect(peers).toMatchObject([{ certificateNames: [], token: "a.b-c_d" }]);
  });

  test("is nobody, not anybody, if it has no token either", async () => {
    const { server, peers } = await servePeers();
    await talk(server, { security: { ca: controller.ca } });
    expect(peers).toMatchObject([{ certificateNames: [], token: undefined }]);
  });

  test("is refused where certificates are required, whatever its token, and is told why", async () => {
    const server = await serve(echo, { security: controller });
    await expect(dial(server, { security: { ca: controller.ca, token: "token" } })).rejects.toMatchObject({
      code: "tls",
      message: expect.stringContaining("it wants a certificate, and this process shows none"),
    });
  });

  test("shows its token only to a server of the right authority and name", async () => {
    const { server, peers } = await servePeers();
    const other = await createAuthority("Herald test CA");
    const security = { ca: controller.ca, token: "token" };
    await expect(dial(server, { security: { ...security, ca: other.ca } })).rejects.toMatchObject({ code: "tls" });
    const serverName = "elsewhere.example";
    await expect(dial(server, { security, serverName })).rejects.toMatchObject({ code: "tls" });
    expect(peers).toEqual([]);
  });
});

describe("where certificates are optional", () => {
  test("one that is shown is verified, and comes with the token", async () => {
    const { server, peers } = await servePeers();
    await talk(server, { security: { ...nodeA, token: "token" } });
    expect(peers).toMatchObject([{ certificateNames: ["node-a"], token: "token" }]);
  });

  test.each([
    ["of another authority", async () => (await createAuthority("Herald test CA")).issue(["node-a"])],
    ["that has expired", () => authority.issue(["node-a"], new Date(Date.now() - 60_000))],
  ])("one %s is refused, whatever the token, and the server's log says so", async (_what, issue) => {
    const { server, peers, log } = await servePeers();
    const security = { ...(await issue()), ca: controller.ca, token: "secret" };
    await expect(dial(server, { security })).rejects.toMatchObject({
      code: "tls",
      message: expect.stringContaining("it does not accept the certificate that this process shows"),
    });
    expect(peers).toEqual([]);
    expect(log.entries).toMatchObject([{ message: "TLS handshake failed", fields: { peer: "127.0.0.1" } }]);
    expect(JSON.stringify(log.entries)).not.toContain("secret");
  });

  test("a server's new certificates go on being verified so", async () => {
    const { server, peers } = await servePeers();
    const next = await createAuthority("The next CA");
    const material = await next.issue(["127.0.0.1"]);
    server.setTls(material);
    await talk(server, { security: { ca: material.ca, token: "token" } });
    await expect(dial(server, { security: { ...nodeA, ca: material.ca } })).rejects.toMatchObject({ code: "tls" });
    expect(peers).toHaveLength(1);
  });
});

test("without TLS a token is nothing", async () => {
  const { server, peers } = await servePeers({ security: "insecure", clientCertificates: undefined });
  const stream = call(`http://127.0.0.1:${server.port}`, { authorization: "Bearer token" });
  await stream.firstAnswer;
  expect(peers).toMatchObject([{ certificateNames: undefined, token: undefined }]);
});

/** A call by hand, with these fields. */
function call(url: string, fields: Record<string, string | string[]>) {
  const session = connectHttp2(url, { ca: controller.ca, maxSessionMemory: 100 });
  const ended = Promise.withResolvers<void>();
  session.on("error", () => ended.resolve());
  const stream = session.request({
    ":method": "POST",
    ":path": "/herald.v1.SpeakerService/Connect",
    "content-type": "application/grpc",
    te: "trailers",
    ...fields,
  });
  stream.on("error", () => ended.resolve());
  stream.on("response", () => ended.resolve());
  stream.on("frameError", () => ended.resolve());
  stream.on("close", () => ended.resolve());
  stream.resume();
  stream.end();
  afterwards(async () => session.destroy());
  return { firstAnswer: ended.promise };
}

describe("a hostile client", () => {
  test.each<[what: string, fields: Record<string, string | string[]>]>([
    ["a token of 60 kB", { authorization: `Bearer ${"x".repeat(60_000)}` }],
    ["fields of 500 kB", { authorization: `Bearer ${"x".repeat(60_000)}`, x: Array(8).fill("y".repeat(60_000)) }],
    ["a token of bytes that are no ASCII", { authorization: "Bearer t\u00f6ken" }],
    ["another scheme", { authorization: "Basic dXNlcjpwYXNz" }],
    ["an empty field", { authorization: "" }],
  ])("with %s has no token, and others are served", async (_what, fields) => {
    const { server, peers, log } = await servePeers();
    await call(`https://127.0.0.1:${server.port}`, fields).firstAnswer;
    for (const { token } of peers) expect(token).toBeUndefined();
    await talk(server, { security: { ca: controller.ca, token: "token" } });
    expect(peers.at(-1)?.token).toBe("token");
    expect(log.entries).toEqual([]);
  });

  test("is not sent what is no token", async () => {
    const { server, peers } = await servePeers();
    for (const token of ["", "a b", "a\r\nx: y", "tök", "x".repeat(20_000)])
      await expect(dial(server, { security: { ca: controller.ca, token } })).rejects.toThrow(TypeError);
    expect(peers).toEqual([]);
  });
});

test.each<[values: unknown[], token: string | undefined]>([
  [["Bearer abc"], "abc"],
  [["bearer abc"], "abc"],
  [[], undefined],
  [["Bearer a", "Bearer b"], undefined],
  [["Bearer a b"], undefined],
  [["Bearer "], undefined],
  [["Bearerabc"], undefined],
  [[new Uint8Array(3)], undefined],
  [[`Bearer ${"x".repeat(16_385)}`], undefined],
])("the token of %j is %s", (values, token) => {
  expect(bearerToken(values)).toBe(token);
});

test("what a server hears as a token a client may say", () => {
  expect(isBearerToken("eyJhbGciOi.eyJhdWQ.c2ln")).toBe(true);
  expect(isBearerToken(`${"x".repeat(16_384)}`)).toBe(true);
});

test("a refusal reaches a client that has only a token", async () => {
  const server = await serve(
    async () => {
      throw new StreamError("permissionDenied", "not this one");
    },
    { security: controller, clientCertificates: "optional" },
  );
  const stream = await dial(server, { security: { ca: controller.ca, token: "token" } });
  await expect(all(stream.messages)).rejects.toMatchObject({ code: "permissionDenied", message: "not this one" });
});
