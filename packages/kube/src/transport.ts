import { type buildConnector, type Dispatcher, Pool, ProxyAgent, Socks5ProxyAgent } from "undici";
import type { Answer } from "./answer.ts";
import { Connection } from "./connection.ts";
import type { Access, Credentials, Way } from "./credentials.ts";
import { ExchangeError, exchange } from "./exchange.ts";
import type { KubeOptions } from "./kube.ts";
import { KubeError } from "./kube-error.ts";

/** How many connections ordinary requests share. */
const SHARED_CONNECTIONS = 16;
/**
 * Probes begin after a connection has been silent for this long; Linux's are then a second apart, and the tenth that
 * nobody answers closes it: a dead path is noticed after 20 s.
 */
const PROBE_AFTER_MS = 10_000;
/** An API server's own limit is 90 s: whoever closes an idle connection first knows it. */
const IDLE_MS = 80_000;
/**
 * While a network swallows everything, the kernel repeats its attempt after 1, 3 and 7 s, and then ever more seldom: who
 * waited for that would go on waiting when all is well again.
 */
const CONNECT_MS = 10_000;

/** A request, ready to be sent any number of times. */
export interface Outgoing {
  readonly method: Dispatcher.HttpMethod;
  readonly path: string;
  readonly query?: Readonly<Record<string, string | undefined>> | undefined;
  readonly body?: string;
  readonly contentType?: string;
  readonly accept?: string;
  /** Waits for one of a few connections; otherwise it gets one of its own if it must. */
  readonly isShared: boolean;
  /** Asked once the connection stands: false, and nothing is sent. */
  readonly admit?: () => boolean;
}

interface Connections {
  readonly way: Way;
  readonly shared: Dispatcher;
  readonly own: Dispatcher;
}

/** Connections to one API server, kept open between requests and replaced when the way there changes. */
export class Transport {
  readonly #credentials: Credentials;
  readonly #options: Pick<KubeOptions, "userAgent" | "onSocket">;
  #connections: Connections | undefined;

  constructor(credentials: Credentials, options: Pick<KubeOptions, "userAgent" | "onSocket">) {
    this.#credentials = credentials;
    this.#options = options;
  }

  get namespace(): string | undefined {
    return this.#credentials.namespace;
  }

  /** Resolves when the answer's head is there. @throws KubeError, or anything once the signal has aborted */
  async send(outgoing: Outgoing, signal: AbortSignal): Promise<Answer> {
    const access = await this.#access();
    const answer = await this.#sendAs(access, outgoing, signal);
    if (answer.status !== 401) return answer;
    // The token or the certificate may have been replaced since it was read.
    answer.destroy();
    await this.#credentials.forget(access);
    return await this.#sendAs(await this.#access(), outgoing, signal);
  }

  close(): void {
    void this.#connections?.shared.destroy();
    void this.#connections?.own.destroy();
  }

  async #access(): Promise<Access> {
    try {
      return await this.#credentials.access();
    } catch (error) {
      throw new KubeError(error instanceof Error ? error.message : String(error), { status: 0, cause: error });
    }
  }

  async #sendAs(access: Access, outgoing: Outgoing, signal: AbortSignal): Promise<Answer> {
    const { method, path } = outgoing;
    try {
      return await this.#attempt(access, outgoing, signal);
    } catch (error) {
      signal.throwIfAborted();
      // The server closed an idle connection just as it was taken for this request.
      const isRepeated = method === "GET" && error instanceof ExchangeError && error.isReused;
      if (!isRepeated) throw failed(error, outgoing);
    }
    try {
      return await this.#attempt(access, outgoing, signal);
    } catch (error) {
      throw failed(error, { method, path });
    }
  }

  async #attempt({ headers, way }: Access, outgoing: Outgoing, signal: AbortSignal): Promise<Answer> {
    const { method, path, query, body, contentType, accept, isShared, admit } = outgoing;
    const { shared, own } = this.#connect(way);
    const { origin, pathname } = way.server;
    const bytes = body === undefined ? null : new TextEncoder().encode(body);
    const use = { method, length: bytes?.length ?? 0 };
    return await exchange(
      isShared ? shared : own,
      {
        ...{ origin, method, path: pathname.replace(/\/$/, "") + path + encodeQuery(query), body: bytes },
        headers: {
          ...headers,
          Accept: accept ?? "application/json",
          "User-Agent": this.#options.userAgent,
          ...(contentType === undefined ? {} : { "Content-Type": contentType }),
        },
      },
      {
        admit,
        onLeaving: ({ descriptor }) => {
          if (descriptor !== undefined) this.#options.onSocket?.(descriptor, use);
        },
      },
      signal,
    );
  }

  #connect(way: Way): Connections {
    if (this.#connections?.way === way) return this.#connections;
    // Requests under way keep their connections, which then close.
    void this.#connections?.shared.close();
    void this.#connections?.own.close();
    this.#connections = { way, shared: this.#pool(way, SHARED_CONNECTIONS), own: this.#pool(way, null) };
    return this.#connections;
  }

  #pool(way: Way, connections: number | null): Dispatcher {
    const { server, context: secureContext, servername, rejectUnauthorized, proxy } = way;
    const connect: buildConnector.BuildOptions = {
      ...{ secureContext, keepAliveInitialDelay: PROBE_AFTER_MS, timeout: CONNECT_MS, allowH2: false },
      ...(servername === undefined ? {} : { servername }),
      ...(rejectUnauthorized === undefined ? {} : { rejectUnauthorized }),
    };
    // Whoever asks says how long they wait.
    const options = { connections, headersTimeout: 0, bodyTimeout: 0, keepAliveTimeout: IDLE_MS };
    if (proxy?.protocol.startsWith("socks")) return new Socks5ProxyAgent(proxy, { ...options, requestTls: connect });
    if (proxy) return new ProxyAgent({ ...options, uri: proxy.href, proxyTunnel: true, requestTls: connect });
    return new Pool(server.origin, {
      ...{ ...options, connect },
      factory: (origin, clientOptions) => new Connection(origin, clientOptions),
    });
  }
}

function encodeQuery(query: Outgoing["query"] = {}): string {
  const entries = Object.entries(query).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return entries.length > 0 ? `?${new URLSearchParams(entries)}` : "";
}

const failed = (error: unknown, { method, path }: Pick<Outgoing, "method" | "path">): KubeError =>
  new KubeError(`${method} ${path}: ${error instanceof Error ? error.message : String(error)}`, {
    status: 0,
    cause: error,
  });
