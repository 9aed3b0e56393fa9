import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from "node:http";
import { Agent as HttpsAgent, request as httpsRequest } from "node:https";
import type { Socket } from "node:net";
import { TLSSocket } from "node:tls";
import type { Access, Credentials, TlsAccess } from "./credentials.ts";
import type { KubeOptions, SocketUse } from "./kube.ts";
import { KubeError } from "./kube-error.ts";

/** How many connections ordinary requests share. */
const SHARED_CONNECTIONS = 16;
/**
 * Probes begin after a connection has been silent for this long; Linux's are then a second apart, and the tenth that
 * nobody answers closes it: a dead path is noticed after 20 s.
 */
const PROBE_AFTER_MS = 10_000;

/** A request, ready to be sent any number of times. */
export interface Outgoing {
  readonly method: string;
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
  readonly tls: TlsAccess;
  readonly shared: HttpAgent;
  readonly own: HttpAgent;
}

/** Connections to one API server, kept open between requests and replaced when certificates change. */
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
  async send(outgoing: Outgoing, signal: AbortSignal): Promise<IncomingMessage> {
    const access = await this.#access();
    const response = await this.#sendAs(access, outgoing, signal);
    if (response.statusCode !== 401) return response;
    // The token or the certificate may have been replaced since it was read.
    response.destroy();
    await this.#credentials.forget(access);
    return await this.#sendAs(await this.#access(), outgoing, signal);
  }

  close(): void {
    this.#connections?.shared.destroy();
    this.#connections?.own.destroy();
  }

  #sendAs(access: Access, outgoing: Outgoing, signal: AbortSignal): Promise<IncomingMessage> {
    const { shared, own } = this.#connect(access.tls);
    const agent = outgoing.isShared ? shared : own;
    return this.#attempt(outgoing, { access, agent, signal, isRepeated: false });
  }

  async #access(): Promise<Access> {
    try {
      return await this.#credentials.access();
    } catch (error) {
      throw new KubeError(error instanceof Error ? error.message : String(error), { status: 0, cause: error });
    }
  }

  #attempt(outgoing: Outgoing, context: AttemptContext): Promise<IncomingMessage> {
    const { access, agent, signal, isRepeated } = context;
    const { method, path, body, contentType, admit } = outgoing;
    const url = this.#url(outgoing);
    const send = url.protocol === "https:" ? httpsRequest : httpRequest;
    const length = body === undefined ? undefined : new TextEncoder().encode(body).length;
    const headers = {
      ...access.headers,
      Accept: outgoing.accept ?? "application/json",
      "User-Agent": this.#options.userAgent,
      ...(contentType === undefined ? {} : { "Content-Type": contentType }),
      // Node says by itself how long a body is, except for DELETE: it would be taken for the next request.
      ...(length === undefined ? {} : { "Content-Length": length }),
    };
    return new Promise((resolve, reject) => {
      const request = send(url, {
        method,
        headers,
        agent,
        signal,
        ...(access.auth === undefined ? {} : { auth: access.auth }),
      });
      request.on("socket", (socket) => {
        socket.setKeepAlive(true, PROBE_AFTER_MS);
        // A connection has its descriptor once it stands.
        whenOpen(socket, () => this.#offerDescriptor(socket, { method, length: length ?? 0 }));
      });
      let isAnswered = false;
      request.on("response", (response) => {
        isAnswered = true;
        resolve(response);
      });
      request.on("error", (error) => {
        // The answer's reader is told too.
        if (isAnswered) return;
        // The server closed an idle connection just as it was taken for this request.
        if (method === "GET" && request.reusedSocket && !isRepeated && !signal.aborted) {
          resolve(this.#attempt(outgoing, { ...context, isRepeated: true }));
        } else {
          reject(new KubeError(`${method} ${path}: ${messageOf(error)}`, { status: 0, cause: error }));
        }
      });
      if (!admit) request.end(body);
      else {
        request.on("socket", (socket) =>
          whenOpen(socket, () => {
            if (admit()) request.end(body);
            else request.destroy(new Error("not sent: it is not wanted any more"));
          }),
        );
      }
    });
  }

  #offerDescriptor(socket: Socket, use: SocketUse): void {
    // Node has no documented way to it.
    const { fd = -1 } = (socket as { readonly _handle?: { readonly fd?: number } | null })._handle ?? {};
    if (fd >= 0) this.#options.onSocket?.(fd, use);
  }

  #url({ path, query = {} }: Outgoing): URL {
    const { server } = this.#credentials;
    const url = new URL(server);
    url.pathname = server.pathname.replace(/\/$/, "") + path;
    for (const [name, value] of Object.entries(query)) {
      if (value !== undefined) url.searchParams.set(name, value);
    }
    return url;
  }

  #connect(tls: TlsAccess): Connections {
    if (this.#connections?.tls === tls) return this.#connections;
    if (this.#connections) {
      retire(this.#connections.shared);
      retire(this.#connections.own);
    }
    this.#connections = {
      tls,
      shared: this.#agent(tls, SHARED_CONNECTIONS),
      own: this.#agent(tls, Number.POSITIVE_INFINITY),
    };
    return this.#connections;
  }

  #agent(tls: TlsAccess, maxSockets: number): HttpAgent {
    if (tls.proxy instanceof HttpAgent) return tls.proxy;
    const options = { keepAlive: true, keepAliveMsecs: PROBE_AFTER_MS, maxSockets, scheduling: "lifo" as const };
    if (this.#credentials.server.protocol === "http:") return new HttpAgent(options);
    const { context: secureContext, servername, rejectUnauthorized } = tls;
    return new HttpsAgent({
      ...options,
      secureContext,
      ...(servername === undefined ? {} : { servername }),
      ...(rejectUnauthorized === undefined ? {} : { rejectUnauthorized }),
    });
  }
}

interface AttemptContext {
  readonly access: Access;
  readonly agent: HttpAgent;
  readonly signal: AbortSignal;
  readonly isRepeated: boolean;
}

/** Calls at once if what is written now leaves now, else when that is so. */
function whenOpen(socket: Socket, act: () => void): void {
  const isOpen =
    socket instanceof TLSSocket ? socket.authorized || Boolean(socket.authorizationError) : !socket.connecting;
  if (isOpen) act();
  else socket.once(socket instanceof TLSSocket ? "secureConnect" : "connect", act);
}

/** Requests under way keep their connections, which then close. */
function retire(agent: HttpAgent): void {
  agent.maxFreeSockets = 0;
  for (const socket of Object.values(agent.freeSockets).flat()) socket?.destroy();
}

/** Of a connection to several addresses that failed, all messages. */
function messageOf(error: Error): string {
  if (error instanceof AggregateError) return error.errors.map((each) => messageOf(each as Error)).join("; ");
  return error.message;
}
