import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { backoff, type Clock, type Logger } from "@heraldlb/runtime";
import type { Registry } from "prom-client";
import { type Endpoint, formatEndpoint } from "./endpoint.ts";
import type { Health } from "./health.ts";

export interface MetricsServerOptions {
  readonly listen: Endpoint;
  readonly registry: Registry;
  readonly health: Health;
  readonly clock: Clock;
  readonly log: Logger;
}

const RETRY = { initialMs: 500, maxMs: 30_000 } as const;
const REQUEST_TIMEOUT_MS = 10_000;

/**
 * Serves `/metrics`, `/healthz` and `/readyz` until the signal aborts. A port that cannot be had is reported and tried
 * again: metrics are no reason to stop announcing addresses.
 */
export async function serveMetrics(options: MetricsServerOptions, signal: AbortSignal): Promise<void> {
  const { listen, clock, log } = options;
  for (let attempt = 0; !signal.aborted; attempt++) {
    const server = createServer({ requestTimeout: REQUEST_TIMEOUT_MS }, (request, response) => {
      answer(options, request, response).catch((error: unknown) => {
        log.error("metrics request failed", { path: request.url, error });
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
    // Listening on an address and port, so it has one.
    const { address, port } = server.address() as AddressInfo;
    log.info("serving metrics", { address: formatEndpoint({ host: address, port }) });
    if (!signal.aborted) await once(signal, "abort");
    server.close();
    server.closeAllConnections();
    return;
  }
}

async function start(server: Server, { host, port }: Endpoint): Promise<void> {
  server.listen({ host, port });
  await once(server, "listening");
}

async function answer({ registry, health }: MetricsServerOptions, request: IncomingMessage, response: ServerResponse) {
  if (request.method !== "GET" && request.method !== "HEAD") return reply(response, 405, "only GET and HEAD\n");
  switch (request.url?.split("?")[0]) {
    case "/metrics":
      response.setHeader("Content-Type", registry.contentType);
      return reply(response, 200, await registry.metrics());
    case "/healthz":
      return reply(response, 200, "ok\n");
    case "/readyz": {
      const missing = Array.from(health.missing, ([what, reason]) => `${what}: ${reason}\n`).join("");
      return reply(response, missing ? 503 : 200, missing || "ok\n");
    }
    default:
      return reply(response, 404, "allowed: /metrics, /healthz, /readyz\n");
  }
}

function reply(response: ServerResponse, code: number, body: string): void {
  if (!response.hasHeader("Content-Type")) response.setHeader("Content-Type", "text/plain; charset=utf-8");
  response.writeHead(code);
  response.end(body);
}
