import type { Clock } from "@heraldlb/runtime";
import { type ClientCall, openCall } from "./client-call.ts";
import type { ConnectRequest, ConnectResponse } from "./gen/herald/v1/speaker.gen.ts";
import { STATUS } from "./grpc.ts";
import { Inbox } from "./inbox.ts";
import { type ClientSecurity, isBearerToken } from "./security.ts";
import { DialError, fromStatus, StreamError } from "./stream-error.ts";

/** Where to, and how. */
export interface DialOptions {
  /** The controller's IP address. Names are the caller's business: a stream stands to one address. */
  readonly address: string;
  readonly port: number;
  readonly security: ClientSecurity;
  /** The name, or IP address, that the controller's certificate must bear; the address unless given. */
  readonly serverName?: string | undefined;
  /** How long TCP may take to connect, in ms. */
  readonly connectTimeoutMs: number;
  /** How long after that the controller's first message may take, in ms; TLS and HTTP/2 included. */
  readonly setupTimeoutMs: number;
  readonly clock: Clock;
  /** Called with the descriptor of the connected socket, to set options on it. */
  readonly onSocket?: ((fd: number) => void) | undefined;
}

/** A stream to a controller, as the speaker has it. */
export interface ControllerStream {
  /**
   * What the controller says, in order, to be read once.
   *
   * Ends when the controller closes the stream, at once when the signal aborts, and after `close`. Throws a StreamError
   * when the controller gives a reason, when the connection is lost (`unavailable`), or when the first message does not
   * come in time (`timeout`).
   */
  readonly messages: AsyncIterable<ConnectResponse>;
  /** Sends a message. Never waits; without effect once the stream is gone. */
  send(message: ConnectRequest): void;
  /**
   * Hangs up in good order: what was sent still arrives. Resolves when the connection is closed, after `timeoutMs` at the
   * latest (200 unless given).
   */
  close(timeoutMs?: number): Promise<void>;
}

const CLOSE_TIMEOUT_MS = 200;

/**
 * Opens a stream to one controller: one TCP connection, tried once, to one address.
 *
 * Resolves when the connection stands, so that the first message can carry a fresh stamp. The signal ends the stream
 * too, at once and without a word; `close` is the polite way.
 *
 * @throws DialError if it cannot be opened; the signal's reason if it aborts first; TypeError if the token is none
 */
export async function connectSpeaker(options: DialOptions, signal: AbortSignal): Promise<ControllerStream> {
  signal.throwIfAborted();
  const { security } = options;
  if (security !== "insecure" && security.token !== undefined && !isBearerToken(security.token))
    throw new TypeError("a bearer token must be visible ASCII, and not too long");
  const stream = new Stream(options);
  const abort = () => stream.abort(signal.reason);
  signal.addEventListener("abort", abort);
  void stream.closed.then(() => signal.removeEventListener("abort", abort));
  await stream.dialled;
  return stream;
}

/** A dial, and the stream that comes of it. */
class Stream implements ControllerStream {
  readonly #options: DialOptions;
  readonly #call: ClientCall;
  readonly #inbox: Inbox<ConnectResponse>;
  readonly #dialled = Promise.withResolvers<void>();
  readonly #closed = Promise.withResolvers<void>();
  #phase: "connect" | "setup" | "first" | "open" | "closed" = "connect";
  #isClosing = false;
  #limit: Disposable;

  constructor(options: DialOptions) {
    this.#options = options;
    this.#limit = options.clock.timer(options.connectTimeoutMs, () => this.#expire(options.connectTimeoutMs));
    this.#call = openCall(options, {
      onConnect: () => this.#connected(),
      onReady: () => this.#ready(),
      onMessage: (message) => this.#received(message),
      onEnd: (status) => this.#close(status.code === STATUS.ok ? undefined : fromStatus(status)),
      onFailure: (error) => this.#failed(error),
    });
    this.#inbox = new Inbox(this.#call);
  }

  get dialled(): Promise<void> {
    return this.#dialled.promise;
  }

  get closed(): Promise<void> {
    return this.#closed.promise;
  }

  get messages(): AsyncIterable<ConnectResponse> {
    return this.#inbox;
  }

  send(message: ConnectRequest): void {
    if (!this.#isClosing) this.#call.write(message);
  }

  async close(timeoutMs: number = CLOSE_TIMEOUT_MS): Promise<void> {
    this.#isClosing = true;
    this.#call.end();
    const limit = this.#options.clock.timer(timeoutMs, () => this.#close());
    await this.closed;
    limit[Symbol.dispose]();
  }

  /** Ends everything at once; what was received and not read is lost. */
  abort(reason: unknown): void {
    this.#dialled.reject(reason);
    this.#inbox.discard();
    this.#close();
  }

  #connected(): void {
    const { clock, setupTimeoutMs } = this.#options;
    this.#phase = "setup";
    this.#limit[Symbol.dispose]();
    this.#limit = clock.timer(setupTimeoutMs, () => this.#expire(setupTimeoutMs));
  }

  #ready(): void {
    this.#phase = "first";
    this.#dialled.resolve();
  }

  #received(message: ConnectResponse): void {
    if (this.#phase === "first") {
      this.#phase = "open";
      this.#limit[Symbol.dispose]();
    }
    this.#inbox.put(message);
  }

  #failed(error: DialError): void {
    this.#dialled.reject(error);
    this.#close(error);
  }

  #expire(ms: number): void {
    const { address, port } = this.#options;
    const what = this.#phase === "connect" ? "no connection" : "no answer";
    const message = `${what} from ${address} port ${port} within ${ms} ms`;
    this.#dialled.reject(new DialError("timeout", message));
    this.#close(new StreamError("timeout", message));
  }

  #close(error?: Error): void {
    this.#phase = "closed";
    this.#limit[Symbol.dispose]();
    this.#inbox.finish(error);
    this.#isClosing = true;
    this.#call.destroy();
    this.#closed.resolve();
  }
}
