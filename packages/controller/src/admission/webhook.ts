import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer, type Server } from "node:https";
import type { AddressInfo, Socket } from "node:net";
import type { Configuration } from "@heraldlb/config";
import { type Endpoint, formatEndpoint, listenOptions } from "@heraldlb/daemon";
import { DecodeError } from "@heraldlb/net";
import { backoff, type Clock, type Logger } from "@heraldlb/runtime";
import { admit } from "./admit.ts";
import { readBody } from "./body.ts";
import { convertReview } from "./convert.ts";
import { CONVERSION_PATH, VALIDATION_PATHS } from "./paths.ts";
import { RecentForms } from "./recent-forms.ts";
import { type AdmissionRequest, type AdmissionResponse, answerReview, readAdmissionReview } from "./review.ts";

/** Settings of a webhook's server. */
export interface WebhookOptions {
  readonly listen: Endpoint;
  /** The server's certificate and key in PEM, and then every other ones to use, until the signal aborts. */
  readonly certificates: AsyncIterable<{ readonly cert: string; readonly key: string }>;
  /** Where objects act. */
  readonly namespace: string;
  readonly clock: Clock;
  readonly log: Logger;
  readonly observer: WebhookObserver;
  /** 0 ≤ random < 1 */
  random(): number;
  /** What is in force; undefined: not known yet. */
  configuration(): Configuration | undefined;
  /** Called once requests can come. */
  onListening?: ((endpoint: Endpoint) => void) | undefined;
}

/** What counts requests. */
export interface WebhookObserver {
  /** A request was answered, with an HTTP status; `path` is one that is served, else `other`. */
  answered(request: { readonly path: string; readonly status: number; readonly seconds: number }): void;
  /** A change of an object of this kind was denied, for this reason. */
  denied(kind: string, reason: string): void;
}

const MIN_VERSION = "TLSv1.3";
const RETRY = { initialMs: 500, maxMs: 30_000 } as const;
const REQUEST_TIMEOUT_MS = 10_000;
// API servers drop idle connections after 90 s; whoever does it first must not be the one that is about to be asked.
const KEEP_ALIVE_MS = 120_000;
const CHECK_EVERY_MS = 1000;
const GRACE_MS = 2000;
const MOST_CONNECTIONS = 128;
// What an API server has stored is known here a little later. Whoever is refused can wait so long: what stood against it
// may have been deleted, or never have come to be.
const LAG_MS = 200;

/**
 * Serves an API server's questions over HTTPS (TLS 1.3) until the signal aborts: whether objects are valid, at MetalLB's
 * paths, and what they are in other versions, at `/convert`. A port that cannot be had is reported and tried again.
 */
export async function serveWebhook(options: WebhookOptions, signal: AbortSignal): Promise<void> {
  const context: Context = { ...options, recent: new RecentForms() };
  const server = createServer(
    {
      ...{ minVersion: MIN_VERSION, handshakeTimeout: REQUEST_TIMEOUT_MS },
      ...{ requestTimeout: REQUEST_TIMEOUT_MS, headersTimeout: REQUEST_TIMEOUT_MS },
      ...{ keepAliveTimeout: KEEP_ALIVE_MS, connectionsCheckingInterval: CHECK_EVERY_MS },
    },
    (request, response) => {
      serve(context, { request, response, signal }).catch((error: unknown) => {
        // Somebody who hangs up before he has asked is no failure.
        if (request.complete) options.log.error("webhook request failed", { path: pathOf(request), error });
        response.destroy();
      });
    },
  );
  server.maxConnections = MOST_CONNECTIONS;
  server.on("error", (error) => options.log.debug("webhook server", { error }));
  const ready = Promise.withResolvers<void>();
  await Promise.all([
    useCertificates(server, options, ready.resolve),
    ready.promise.then(() => run(server, options, signal)),
  ]);
}

async function useCertificates(server: Server, { certificates }: WebhookOptions, onFirst: () => void): Promise<void> {
  for await (const { cert, key } of certificates) {
    server.setSecureContext({ cert, key, minVersion: MIN_VERSION });
    onFirst();
  }
  onFirst();
}

async function run(server: Server, options: WebhookOptions, signal: AbortSignal): Promise<void> {
  // A server knows of no connection that has asked nothing yet, but waits for it.
  const sockets = new Set<Socket>();
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  });
  if (!(await listen(server, options, signal))) return;
  // Listening on an address and port, so it has one.
  const { address, port } = server.address() as AddressInfo;
  options.log.info("serving webhooks", { address: formatEndpoint({ host: address, port }) });
  options.onListening?.({ host: address, port });
  if (!signal.aborted) await once(signal, "abort");
  const closed = once(server, "close");
  server.close();
  using _ = options.clock.timer(GRACE_MS, () => {
    for (const socket of sockets) socket.destroy();
  });
  await closed;
}

/** Resolves to whether it listens; it does not if the signal aborts. */
async function listen(server: Server, { listen, clock, log, random }: WebhookOptions, signal: AbortSignal) {
  for (let attempt = 0; !signal.aborted; attempt++) {
    try {
      server.listen(listenOptions(listen));
      await once(server, "listening");
      return true;
    } catch (error) {
      const delayMs = Math.round(backoff(RETRY, attempt, random()));
      log.warn("webhooks not served, trying again", { address: formatEndpoint(listen), delayMs, error });
      await clock.sleep(delayMs, signal).catch(() => {});
    }
  }
  return false;
}

interface Context extends WebhookOptions {
  readonly recent: RecentForms;
}

interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** Aborted: no more requests are wanted. */
  readonly signal: AbortSignal;
}

async function serve(options: Context, { request, response, signal }: Exchange): Promise<void> {
  const start = options.clock.now();
  const path = pathOf(request);
  const { status, text } = await answer(path, request, options);
  if (signal.aborted || !request.complete) response.setHeader("Connection", "close");
  response.writeHead(status, { "Content-Type": status === 200 ? "application/json" : "text/plain; charset=utf-8" });
  response.end(`${text}\n`);
  const isServed = path === CONVERSION_PATH || VALIDATION_PATHS.has(path);
  const seconds = (options.clock.now() - start) / 1000;
  options.observer.answered({ path: isServed ? path : "other", status, seconds });
}

interface Answer {
  readonly status: number;
  /** JSON, if the status is 200. */
  readonly text: string;
}

async function answer(path: string, request: IncomingMessage, options: Context): Promise<Answer> {
  const kind = VALIDATION_PATHS.get(path);
  if (kind === undefined && path !== CONVERSION_PATH) return { status: 404, text: "no webhook is here" };
  if (request.method !== "POST") return { status: 405, text: "only POST" };
  const body = await readBody(request);
  if (body === undefined) return { status: 413, text: "the request is too long" };
  try {
    const json: unknown = JSON.parse(body);
    return kind === undefined ? convert(json, options) : await review(json, kind, options);
  } catch (error) {
    if (error instanceof DecodeError) return { status: 400, text: error.message };
    if (error instanceof SyntaxError) return { status: 400, text: "the request is no JSON" };
    // JSON may be nested more deeply than functions can.
    if (error instanceof RangeError) return { status: 400, text: "the request is nested too deeply" };
    throw error;
  }
}

function convert(json: unknown, { log }: WebhookOptions): Answer {
  const { review, problem } = convertReview(json);
  if (problem) log.warn("BGPPeers not converted", { problem });
  return { status: 200, text: JSON.stringify(review) };
}

async function review(json: unknown, kind: string, options: Context): Promise<Answer> {
  const request = readAdmissionReview(json);
  const response = await decide(request, options);
  // Then an API server does what its `failurePolicy` says.
  if (!response) return { status: 503, text: "Herald has not read the cluster's objects yet; try again" };
  const { status } = response;
  if (status) {
    const { namespace, name } = request;
    options.log.info("object denied", { kind, namespace, name, problem: status.message });
    for (const reason of new Set(status.details.causes.map(({ reason }) => reason))) {
      options.observer.denied(kind, reason);
    }
  }
  return { status: 200, text: JSON.stringify(answerReview(response)) };
}

/** Undefined: nothing is known yet. */
async function decide(
  request: AdmissionRequest,
  { configuration, namespace, clock, recent }: Context,
): Promise<AdmissionResponse | undefined> {
  const present = configuration();
  if (!present) return undefined;
  const first = admit(request, { configuration: recent.over(present, clock.now()), namespace });
  if (!first.allowed && first.status?.code === 403) await clock.sleep(LAG_MS);
  const later = configuration() ?? present;
  const response = first.allowed ? first : admit(request, { configuration: later, namespace });
  if (response.allowed) recent.note(request, clock.now());
  return response;
}

const pathOf = ({ url = "" }: IncomingMessage): string => url.split("?")[0] ?? "";
