import { once } from "node:events";
import { Agent, request as httpsRequest, type RequestOptions } from "node:https";
import type { Configuration } from "@heraldlb/config";
import type { Endpoint } from "@heraldlb/daemon";
import { systemClock } from "@heraldlb/runtime";
import { recordingLogger } from "@heraldlb/runtime/testing";
import { onTestFinished } from "vitest";
import { openAuthority } from "../certificates/authority.ts";
import { FakeSecret } from "../certificates/fake-secret.test.fixture.ts";
import { configurationOf, creation, type Manifest, NAMESPACE, pool } from "./manifest.test.fixture.ts";
import { serveWebhook, type WebhookObserver, type WebhookOptions } from "./webhook.ts";

/** The name that servers are certified for. */
export const NAME = "herald-webhook.herald.svc";

/** Where pools are validated. */
export const POOLS = "/validate-metallb-io-v1beta1-ipaddresspool";

/** An answer to a request. */
export interface Answered {
  readonly status: number;
  readonly text: string;
}

/** A webhook that is served, and who asks it, until the test ends. */
export interface Webhook {
  readonly endpoint: Endpoint;
  /** The authority of its first certificate. */
  readonly ca: string;
  readonly log: ReturnType<typeof recordingLogger>;
  readonly answered: Parameters<WebhookObserver["answered"]>[0][];
  readonly denied: string[];
  /** Keeps connections. */
  readonly agent: Agent;
  /** Ends the webhook. */
  stop(): void;
  readonly running: Promise<void>;
  post(path: string, body: unknown, options?: RequestOptions): Promise<Answered>;
}

/** A certificate with its key and authority. */
export type Certificate = Awaited<ReturnType<typeof newCertificate>>;

/** A certificate of an authority that is made for it. */
export async function newCertificate(): Promise<{ readonly cert: string; readonly key: string; readonly ca: string }> {
  const stop = new AbortController();
  const dependencies = { store: new FakeSecret(), clock: systemClock, log: recordingLogger() };
  const authority = await openAuthority({ ...dependencies, wallClock: Date.now, random: Math.random }, stop.signal);
  const { value } = await authority.serverCertificates([NAME], stop.signal).next();
  stop.abort();
  if (!value) throw new Error("no certificate");
  return value;
}

/** Serves a webhook that knows a pool of 1.1.1.0/28, or what it is told. */
export async function startWebhook(
  options: Partial<WebhookOptions> & { readonly certificate?: Certificate } = {},
): Promise<Webhook> {
  const [log, answered, denied]: [Webhook["log"], Webhook["answered"], string[]] = [recordingLogger(), [], []];
  const listening = Promise.withResolvers<Endpoint>();
  const certificate = options.certificate ?? (await newCertificate());
  const [stop, agent] = [new AbortController(), new Agent({ keepAlive: true })];
  const running = serveWebhook(
    {
      ...{ listen: { host: "127.0.0.1", port: 0 }, certificates: only(certificate), namespace: NAMESPACE, log },
      ...{ clock: systemClock, random: () => 0, configuration: () => KNOWN, onListening: listening.resolve },
      observer: {
        answered: (each) => answered.push(each),
        denied: (kind, reason) => denied.push(`${kind} ${reason}`),
      },
      ...options,
    },
    stop.signal,
  );
  onTestFinished(async () => {
    stop.abort();
    agent.destroy();
    await running;
  });
  const endpoint = await listening.promise;
  const post = (path: string, body: unknown, more: RequestOptions = {}) =>
    send({ ...endpoint, ca: certificate.ca, path, agent, ...more }, body);
  return {
    ...{ endpoint, ca: certificate.ca, log, answered, denied, agent, running, post },
    stop: () => stop.abort(),
  };
}

const KNOWN: Configuration = configurationOf([pool("a", ["1.1.1.0/28"])]);

/** A question about the creation of a pool. */
export function review(
  object: Manifest = pool("b", ["2.2.2.0/24"]),
  fields: object = {},
): { readonly request: object } {
  const { group, kind, ...rest } = { ...creation(object), ...fields };
  const request = { ...rest, kind: { group, version: "v1beta1", kind } };
  return { ...{ apiVersion: "admission.k8s.io/v1", kind: "AdmissionReview" }, request };
}

async function* only<T>(value: T): AsyncGenerator<T> {
  yield value;
}

async function send(options: RequestOptions, body: unknown): Promise<Answered> {
  const request = httpsRequest({ servername: NAME, method: "POST", ...options });
  // A server need not read all before it answers.
  request.on("error", () => {});
  request.end(typeof body === "string" || body instanceof Uint8Array ? body : JSON.stringify(body));
  const [response] = await once(request, "response");
  let text = "";
  for await (const chunk of response.setEncoding("utf8")) text += chunk;
  return { status: response.statusCode, text };
}
