import { once } from "node:events";
import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { backoff, type Clock, type Logger } from "@heraldlb/runtime";
import type { Registry } from "prom-client";
import { type Endpoint, formatEndpoint, listenOptions } from "./endpoint.ts";
import type { Health } from "./health.ts";
import type { MetricsAccess, MetricsVerdict } from "./metrics-access.ts";

export interface MetricsServerOptions {
  readonly listen: Endpoint;
  readonly registry: Registry;
  readonly health: Health;
  readonly clock: Clock;
  readonly log: Logger;
  /** Has metrics served over HTTPS, and to those only whose token it allows. Without it, over HTTP and to everybody. */
  readonly access?: MetricsAccess | undefined;
  /** How long a client may take for a handshake, or for sending a request; 10 s. */
  readonly requestTimeoutMs?: number;
}

const RETRY = { initialMs: 500, maxMs: 30_000 } as const;
const REQUEST_TIMEOUT_MS = 10_000;
// Scrapers and probes need a handful; more would only cost memory.
const MAX_CONNECTIONS = 128;

/**
 * Serves `/metrics`, `/healthz` and `/readyz` until the signal aborts. A port that cannot be had is reported and tried
 * again: metrics are no reason to stop announcing addresses.
 */
export async function serveMetrics(options: MetricsServerOptions, signal: AbortSignal): Promise<void> {
  const { listen, clock, log, access } = options;
  for (let attempt = 0; !signal.aborted; attempt++) {
    const server = createServerOf(options, (request, response) => {
      answer(options, request, response).catch((error: unknown) => {
        log.error("metrics request failed", { path: pathOf(request), error });
        response.destroy();
      });
    });
    try {
      await start(server, listen);
    } catch (error) {
      const delayMs = Math.round(backoff(RETRY, attempt, Math.random()));
      log.warn("metrics not served, trying again", { address: formatEndpoint(listen), delayMs, error });
      await clock.sleep(delayMs, signal).catch(() => {});
      continue;
    }
    // For example, no file descriptor for a connection: the next one may have one.
    server.on("error", (error) => log.warn("connection to metrics not accepted", { error }));
    // Listening on an address and port, so it has one.
    const { address, port } = server.address() as AddressInfo;
    log.info("serving metrics", { address: formatEndpoint({ host: address, port }), tls: access !== undefined });
    if (!signal.aborted) await once(signal, "abort");
    access?.onCertificate(undefined);
    server.close();
    server.closeAllConnections();
    return;
  }
}

function createServerOf(options: MetricsServerOptions, listener: RequestListener): Server {
  const { access, requestTimeoutMs = REQUEST_TIMEOUT_MS } = options;
  const limits = {
    requestTimeout: requestTimeoutMs,
    headersTimeout: requestTimeoutMs,
    connectionsCheckingInterval: requestTimeoutMs / 2,
  };
  const server = access ? createSecureServer(access, limits, listener) : createServer(limits, listener);
  server.maxConnections = MAX_CONNECTIONS;
  return server;
}

function createSecureServer(access: MetricsAccess, limits: { requestTimeout: number }, listener: RequestListener) {
  // Whatever scrapes or probes here has known TLS 1.3 since 2019 (Go 1.13), and it leaves nothing to choose.
  const security = { minVersion: "TLSv1.3", handshakeTimeout: limits.requestTimeout } as const;
  const server = createTlsServer({ ...limits, ...security, ...access.certificate }, listener);
  access.onCertificate((certificate) => server.setSecureContext({ ...security, ...certificate }));
  return server;
}

async function start(server: Server, endpoint: Endpoint): Promise<void> {
  server.listen(listenOptions(endpoint));
  await once(server, "listening");
}

async function answer(options: MetricsServerOptions, request: IncomingMessage, response: ServerResponse) {
  if (request.method !== "GET" && request.method !== "HEAD") return reply(response, 405, "only GET and HEAD\n");
  switch (pathOf(request)) {
    case "/metrics":
      return answerMetrics(options, request, response);
    case "/healthz":
      return reply(response, 200, "ok\n");
    case "/readyz": {
      const missing = Array.from(options.health.missing, ([what, reason]) => `${what}: ${reason}\n`).join("");
      return reply(response, missing ? 503 : 200, missing || "ok\n");
    }
    default:
      return reply(response, 404, "allowed: /metrics, /healthz, /readyz\n");
  }
}

async function answerMetrics(
  { registry, access }: MetricsServerOptions,
  { headers }: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const verdict = access ? await access.judge(headers.authorization) : "allowed";
  if (verdict !== "allowed") {
    const { code, header, body } = REFUSALS[verdict];
    if (header) response.setHeader(...header);
    return reply(response, code, body);
  }
  response.setHeader("Content-Type", registry.contentType);
  return reply(response, 200, await registry.metrics());
}

interface Refusal {
  readonly code: number;
  readonly header?: [name: string, value: string];
  readonly body: string;
}

const REFUSALS: Readonly<Record<Exclude<MetricsVerdict, "allowed">, Refusal>> = {
  unauthenticated: {
    code: 401,
    header: ["WWW-Authenticate", 'Bearer realm="herald"'],
    body: "a valid bearer token is needed\n",
  },
  forbidden: { code: 403, body: "this account may not get /metrics\n" },
  unavailable: { code: 503, header: ["Retry-After", "5"], body: "tokens cannot be reviewed now\n" },
};

/** Without the query, which is nothing to act on or to log. */
const pathOf = ({ url }: IncomingMessage): string | undefined => url?.split("?")[0];

function reply(response: ServerResponse, code: number, body: string): void {
  if (!response.hasHeader("Content-Type")) response.setHeader("Content-Type", "text/plain; charset=utf-8");
  response.writeHead(code);
  response.end(body);
}
