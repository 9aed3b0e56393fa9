import type { Clock } from "@heraldlb/runtime";
import type { Answer } from "./answer.ts";
import { Credentials } from "./credentials.ts";
import type { Kube, KubeOptions, RequestOptions, StreamOptions } from "./kube.ts";
import { KubeError } from "./kube-error.ts";
import { unreadable } from "./kube-object.ts";
import { LineSplitter } from "./line-splitter.ts";
import { errorOfStatus } from "./status.ts";
import { Successes } from "./successes.ts";
import { type TimeLimit, within } from "./time-limit.ts";
import { TokenBucket } from "./token-bucket.ts";
import { type Outgoing, Transport } from "./transport.ts";

const REQUEST_MS = 10_000;
const STREAM_MS = 30_000;
/** So many writes under way that are not paced leave the server to these, but for every tenth turn of the others. */
const MANY_WRITES = 4;
const TURNS_BESIDE_MANY = 10;
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
  /** Writes under way that are not paced. */
  let writing = 0;
  const successes = new Successes();
  const send = async (outgoing: Outgoing, limit: AbortSignal) => {
    const answer = await sendAccepted(transport, outgoing, limit);
    successes.tell();
    return answer;
  };
  return {
    namespace: transport.namespace,
    request: async (method, path, request = {}) => {
      const weight = request.paced || request.urgent || method === "GET" ? 0 : 1;
      if (request.paced) await pace.take(request.signal, writing < MANY_WRITES ? 1 : TURNS_BESIDE_MANY);
      const what = `${method} ${path}`;
      const outgoing = { method, path, query: request.query, ...encodeBody(request), ...shareOf(request) };
      const { timeoutMs = REQUEST_MS, signal } = request;
      writing += weight;
      try {
        return await within(limitOf(clock, { what, timeoutMs, signal }), async (limit) => {
          const answer = await send(outgoing, limit);
          return parse(await readText(answer, what), what);
        });
      } finally {
        writing -= weight;
      }
    },
    stream: async (path, { query, signal, timeoutMs = STREAM_MS }: StreamOptions) => {
      const what = `GET ${path}`;
      const outgoing = { method: "GET", path, query, isShared: false };
      const answer = await within(limitOf(clock, { what, timeoutMs, signal }), (limit) => send(outgoing, limit));
      return readLines(answer, { what, signal });
    },
    nextSuccess: (signal) => successes.next(signal),
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
async function sendAccepted(transport: Transport, outgoing: Outgoing, signal: AbortSignal): Promise<Answer> {
  const what = `${outgoing.method} ${outgoing.path}`;
  const answer = await transport.send(outgoing, signal);
  if (answer.status < 300) return answer;
  const retryAfterMs = retryAfterOf(answer);
  const text = await readText(answer, what);
  let status: unknown;
  try {
    status = JSON.parse(text);
  } catch {
    // A proxy's page, for example: its status alone is told.
  }
  throw errorOfStatus(status, { what, fallback: answer.status, retryAfterMs });
}

/** Seconds, as API servers give them; a date is taken for none. */
function retryAfterOf({ headers }: Answer): number | undefined {
  const seconds = headers["retry-after"];
  return typeof seconds === "string" && /^\d{1,6}$/.test(seconds) ? Number(seconds) * 1_000 : undefined;
}

async function readText(answer: Answer, what: string): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  let length = 0;
  try {
    for await (const pieces of answer) {
      for (const piece of pieces) {
        length += piece.length;
        text += decoder.decode(piece, { stream: true });
      }
      if (length > LONGEST_ANSWER_BYTES) throw unreadable(`more than ${LONGEST_ANSWER_BYTES} bytes`);
    }
  } catch (error) {
    answer.destroy();
    throw asKubeError(error, what);
  }
  return text + decoder.decode();
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
  answer: Answer,
  { what, signal }: { readonly what: string; readonly signal: AbortSignal },
): AsyncGenerator<readonly string[]> {
  const end = () => answer.destroy();
  signal.addEventListener("abort", end, { once: true });
  const splitter = new LineSplitter();
  try {
    signal.throwIfAborted();
    for await (const pieces of answer) {
      const lines = pieces.flatMap((piece) => splitter.push(piece));
      if (lines.length > 0) yield lines;
    }
  } catch (error) {
    signal.throwIfAborted();
    throw asKubeError(error, what);
  } finally {
    signal.removeEventListener("abort", end);
    answer.destroy();
  }
}

function asKubeError(error: unknown, what: string): KubeError {
  if (error instanceof KubeError) return error;
  return new KubeError(`${what}: the connection broke`, { status: 0, cause: error });
}
