import type { IncomingMessage } from "node:http";
import type { Clock } from "@heraldlb/runtime";
import { Credentials } from "./credentials.ts";
import type { Kube, KubeOptions, RequestOptions, StreamOptions } from "./kube.ts";
import { KubeError } from "./kube-error.ts";
import { unreadable } from "./kube-object.ts";
import { LineSplitter } from "./line-splitter.ts";
import { errorOfStatus } from "./status.ts";
import { type TimeLimit, within } from "./time-limit.ts";
import { TokenBucket } from "./token-bucket.ts";
import { type Outgoing, Transport } from "./transport.ts";

const REQUEST_MS = 10_000;
const STREAM_MS = 30_000;
/** Many times a page of large objects. */
const LONGEST_ANSWER_BYTES = 256 * 1024 * 1024;

/**
 * Reads credentials and gives a client; no request is made yet. @throws KubeconfigError if the kubeconfig, or the
 * pod's service account, is unusable
 */
export async function connectKube(options: KubeOptions): Promise<Kube> {
  const { clock } = options;
  const transport = new Transport(await Credentials.load(options), options);
  const pace = new TokenBucket(clock, options);
  let success = Promise.withResolvers<void>();
  const send = async (outgoing: Outgoing, limit: AbortSignal) => {
    const response = await sendAccepted(transport, outgoing, limit);
    success.resolve();
    success = Promise.withResolvers();
    return response;
  };
  return {
    namespace: transport.namespace,
    request: async (method, path, request = {}) => {
      if (request.paced) await pace.take(request.signal);
      const what = `${method} ${path}`;
      const outgoing = { method, path, query: request.query, ...encodeBody(request), ...shareOf(request) };
      const { timeoutMs = REQUEST_MS, signal } = request;
      return await within(limitOf(clock, { what, timeoutMs, signal }), async (limit) => {
        const response = await send(outgoing, limit);
        return parse(await readText(response, what), what);
      });
    },
    stream: async (path, { query, signal, timeoutMs = STREAM_MS }: StreamOptions) => {
      const what = `GET ${path}`;
      const outgoing = { method: "GET", path, query, isShared: false };
      const response = await within(limitOf(clock, { what, timeoutMs, signal }), (limit) => send(outgoing, limit));
      return readLines(response, { what, signal });
    },
    nextSuccess: () => success.promise,
    close: () => transport.close(),
  };
}

const shareOf = ({ urgent, admit, accept }: RequestOptions): Pick<Outgoing, "isShared" | "admit" | "accept"> => ({
  isShared: !urgent,
  ...(accept !== undefined && { accept }),
  ...(admit && { admit }),
});

function encodeBody({ body, contentType }: RequestOptions): Pick<Outgoing, "body" | "contentType"> {
  if (body === undefined) return {};
  return {
    body: typeof body === "string" ? body : JSON.stringify(body),
    contentType: contentType ?? "application/json",
  };
}

/** What a request or the beginning of a stream may take. */
const limitOf = (
  clock: Clock,
  {
    what,
    timeoutMs,
    signal,
  }: { readonly what: string; readonly timeoutMs: number; readonly signal: AbortSignal | undefined },
): TimeLimit => ({
  clock,
  timeoutMs,
  signal,
  late: () => new KubeError(`${what}: no answer within ${timeoutMs / 1_000} s`, { status: 0 }),
});

/** Sends a request; the answer, if it is one of success. */
async function sendAccepted(transport: Transport, outgoing: Outgoing, signal: AbortSignal): Promise<IncomingMessage> {
  const what = `${outgoing.method} ${outgoing.path}`;
  const response = await transport.send(outgoing, signal);
  const { statusCode = 0 } = response;
  if (statusCode >= 200 && statusCode < 300) return response;
  const retryAfterMs = retryAfterOf(response);
  const text = await readText(response, what);
  let status: unknown;
  try {
    status = JSON.parse(text);
  } catch {
    // A proxy's page, for example: its status alone is told.
  }
  throw errorOfStatus(status, { what, fallback: statusCode, retryAfterMs });
}

/** Seconds, as API servers give them; a date is taken for none. */
function retryAfterOf({ headers }: IncomingMessage): number | undefined {
  const seconds = headers["retry-after"];
  return seconds !== undefined && /^\d{1,6}$/.test(seconds) ? Number(seconds) * 1_000 : undefined;
}

async function readText(response: IncomingMessage, what: string): Promise<string> {
  const decoder = new TextDecoder();
  const pieces: string[] = [];
  let length = 0;
  try {
    for await (const chunk of response as AsyncIterable<Uint8Array>) {
      length += chunk.length;
      if (length > LONGEST_ANSWER_BYTES) throw unreadable(`more than ${LONGEST_ANSWER_BYTES} bytes`);
      pieces.push(decoder.decode(chunk, { stream: true }));
    }
  } catch (error) {
    throw asKubeError(error, what);
  }
  return pieces.join("") + decoder.decode();
}

function parse(text: string, what: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Not the cause: its message quotes the answer.
    throw unreadable(`${what}: not JSON`);
  }
}

async function* readLines(
  response: IncomingMessage,
  { what, signal }: { readonly what: string; readonly signal: AbortSignal },
): AsyncGenerator<readonly string[]> {
  const end = () => response.destroy();
  signal.addEventListener("abort", end, { once: true });
  const splitter = new LineSplitter();
  try {
    signal.throwIfAborted();
    for await (const chunk of response as AsyncIterable<Uint8Array>) {
      const lines = splitter.push(chunk);
      if (lines.length > 0) yield lines;
    }
  } catch (error) {
    signal.throwIfAborted();
    throw asKubeError(error, what);
  } finally {
    signal.removeEventListener("abort", end);
    response.destroy();
  }
}

function asKubeError(error: unknown, what: string): KubeError {
  if (error instanceof KubeError) return error;
  // All that Node tells of an answer that ended too early.
  const message = error instanceof Error && error.message !== "aborted" ? error.message : "the connection broke";
  return new KubeError(`${what}: ${message}`, { status: 0, cause: error });
}
