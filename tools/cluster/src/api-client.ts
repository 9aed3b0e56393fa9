import { Agent, request } from "node:https";
import { text } from "node:stream/consumers";
import { type Kube, KubeError, type RequestOptions } from "@heraldlb/kube";
import type { Certified } from "./authority.ts";

/** How to reach an API server by a socket of the file system. */
export interface ApiClientOptions extends Certified {
  readonly socketPath: string;
  readonly ca: string;
}

const CONNECTIONS = 8;
const TIMEOUT_MS = 10_000;

/** Requests to a cluster's API server, from wherever its socket can be seen. */
export class ApiClient implements Pick<Kube, "request" | "close"> {
  readonly #options: ApiClientOptions;
  readonly #agent: Agent;

  constructor(options: ApiClientOptions) {
    const { ca, cert, key } = options;
    this.#options = options;
    this.#agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS, ca, cert, key, servername: "localhost" });
  }

  async request(
    method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE",
    path: string,
    { query = {}, body, contentType = "application/json", signal, timeoutMs = TIMEOUT_MS }: RequestOptions = {},
  ): Promise<unknown> {
    const pairs = Object.entries(query).filter((pair): pair is [string, string] => pair[1] !== undefined);
    const search = `${new URLSearchParams(pairs)}`;
    const sent = body === undefined ? undefined : typeof body === "string" ? body : JSON.stringify(body);
    const { promise, resolve, reject } = Promise.withResolvers<{ readonly status: number; readonly said: string }>();
    const outgoing = request({
      method,
      path: search ? `${path}?${search}` : path,
      socketPath: this.#options.socketPath,
      agent: this.#agent,
      headers: {
        accept: "application/json",
        // Node does not say the length of a body of DELETE.
        ...(sent === undefined
          ? {}
          : { "content-type": contentType, "content-length": new TextEncoder().encode(sent).length }),
      },
      signal: AbortSignal.any([AbortSignal.timeout(timeoutMs), ...(signal ? [signal] : [])]),
    });
    outgoing.on("error", reject).on("response", (answer) => {
      text(answer).then((said) => resolve({ status: answer.statusCode ?? 0, said }), reject);
    });
    outgoing.end(sent);
    const { status, said } = await promise.catch((cause: unknown) => {
      throw new KubeError(`${method} ${path}: ${String(cause)}`, { status: 0, cause });
    });
    const answer = parse(said);
    if (status >= 200 && status < 300) return answer;
    const { message = said, reason = "" } = Object(answer) as { readonly message?: string; readonly reason?: string };
    throw new KubeError(`${method} ${path}: ${message}`, { status, reason });
  }

  close(): void {
    this.#agent.destroy();
  }
}

/** The answer's JSON; the text itself where the API server answers with text, as `/readyz` does. */
function parse(said: string): unknown {
  try {
    return JSON.parse(said);
  } catch {
    return said;
  }
}
