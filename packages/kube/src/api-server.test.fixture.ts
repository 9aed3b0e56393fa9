import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { json } from "node:stream/consumers";
import { type Clock, type Logger, Mailbox, silentLogger, systemClock } from "@heraldlb/runtime";
import type { FakeClock } from "@heraldlb/runtime/testing";
import { onTestFinished } from "vitest";
import { connectKube, type Kube, type KubeObject, type KubeOptions } from "./index.ts";

/** A request that waits for the test to answer it. */
export interface Exchange {
  readonly method: string;
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  readonly headers: IncomingMessage["headers"];
  readonly body: unknown;
  readonly response: ServerResponse;
  /** Settles when the client or the network has ended it. */
  readonly closed: Promise<unknown>;
  answer(status: number, body: unknown, headers?: Readonly<Record<string, string>>): void;
  /** Begins a watch, or goes on with it: everything in one chunk. */
  send(...events: readonly unknown[]): void;
}

/** An API server that does what the test says, for the faults that a real one does not make to order. */
export interface ApiServer {
  readonly url: string;
  /** The next request. */
  next(): Promise<Exchange>;
  /** A kubeconfig with a token; the file is removed after the test. */
  kubeconfig(user?: object): Promise<string>;
  connect(options?: Partial<KubeOptions>): Promise<Kube>;
  /** Breaks all connections. */
  disconnect(): void;
}

export async function startApiServer(): Promise<ApiServer> {
  const stop = new AbortController();
  const inbox = new Mailbox<Exchange>();
  const exchanges = inbox.take(stop.signal);
  const server = createServer(async (request, response) => inbox.put(await exchangeOf(request, response)));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  onTestFinished(() => {
    stop.abort();
    server.closeAllConnections();
    server.close();
  });
  const kubeconfig = (user: object = { token: "secret-token" }) => writeKubeconfig(kubeconfigTo(url, user));
  return {
    url,
    next: async () => {
      const { value } = await exchanges.next();
      if (!value) throw new Error("the server has stopped");
      return value;
    },
    kubeconfig,
    connect: async (options = {}) => {
      const file = options.kubeconfig ?? (await kubeconfig());
      const kube = await connectKube({ ...connectOptions(), ...options, kubeconfig: file });
      onTestFinished(() => kube.close());
      return kube;
    },
    disconnect: () => server.closeAllConnections(),
  };
}

export function connectOptions(): { qps: number; burst: number; userAgent: string; clock: Clock; log: Logger } {
  return { qps: 50, burst: 100, userAgent: "herald-test/1", clock: systemClock, log: silentLogger };
}

/** JSON is YAML too. */
export function kubeconfigTo(server: string, user: object): object {
  return {
    apiVersion: "v1",
    kind: "Config",
    "current-context": "here",
    clusters: [{ name: "cluster", cluster: { server, "insecure-skip-tls-verify": true } }],
    users: [{ name: "user", user }],
    contexts: [{ name: "here", context: { cluster: "cluster", user: "user", namespace: "herald-system" } }],
  };
}

export async function writeKubeconfig(content: object | string): Promise<string> {
  const folder = await temporaryFolder();
  const file = join(folder, "kubeconfig");
  await writeFile(file, typeof content === "string" ? content : JSON.stringify(content));
  return file;
}

export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "herald-kube-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  return folder;
}

/** Lets virtual time pass, while the network does its work, until the promise settles. */
export async function passUntil<T>(clock: FakeClock, promise: Promise<T>, stepMs = 50): Promise<T> {
  let isSettled = false;
  const settle = () => {
    isSettled = true;
  };
  promise.then(settle, settle);
  while (!isSettled) await clock.advance(stepMs);
  return await promise;
}

/** What a call rejects with. */
export async function failureOf(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new Error("it did not fail");
}

/** A Service, for lists and events. */
export function service(name: string, resourceVersion: string, uid = `uid-${name}`): KubeObject {
  return { apiVersion: "v1", kind: "Service", metadata: { name, namespace: "default", uid, resourceVersion } };
}

export function listOf(items: readonly object[], resourceVersion: string, token?: string): object {
  return { apiVersion: "v1", kind: "ServiceList", metadata: { resourceVersion, continue: token }, items };
}

/** A Status object, as answers of failure have it. */
export function statusOf(code: number, reason: string, message = ""): object {
  return { apiVersion: "v1", kind: "Status", status: "Failure", code, reason, message };
}

async function exchangeOf(request: IncomingMessage, response: ServerResponse): Promise<Exchange> {
  const { pathname, searchParams } = new URL(request.url ?? "", "http://localhost");
  const hasBody = request.headers["content-length"] !== undefined;
  return {
    method: request.method ?? "",
    path: pathname,
    query: Object.fromEntries(searchParams),
    headers: request.headers,
    body: hasBody ? await json(request) : undefined,
    response,
    closed: new Promise((resolve) => response.once("close", resolve)),
    answer: (status, body, headers = {}) => {
      response.writeHead(status, { "Content-Type": "application/json", ...headers });
      response.end(typeof body === "string" ? body : JSON.stringify(body));
    },
    send: (...events) => {
      if (!response.headersSent) {
        response.writeHead(200, { "Content-Type": "application/json" });
        response.flushHeaders();
      }
      const lines = events.map((event) => `${typeof event === "string" ? event : JSON.stringify(event)}\n`);
      if (lines.length > 0) response.write(lines.join(""));
    },
  };
}
