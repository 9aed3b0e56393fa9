import type { Clock, Logger } from "@heraldlb/runtime";

/** How to reach an API server. */
export interface KubeOptions {
  /** A kubeconfig file; undefined: the pod's own service account. */
  readonly kubeconfig?: string | undefined;
  /** A context of the kubeconfig; its current one unless given. */
  readonly context?: string | undefined;
  /** Paced requests a second, and how many at once after a rest. */
  readonly qps: number;
  readonly burst: number;
  /** For example "herald-controller/0.1.0". */
  readonly userAgent: string;
  /** Called before each request with the descriptor of its connection, to set options that Node cannot. */
  readonly onSocket?: ((fd: number, use: SocketUse) => void) | undefined;
  readonly clock: Clock;
  readonly log: Logger;
}

/** What is about to be sent. */
export interface SocketUse {
  readonly method: string;
  /** Of the body, in bytes. */
  readonly length: number;
}

/** Settings of one request. */
export interface RequestOptions {
  readonly query?: Readonly<Record<string, string | undefined>> | undefined;
  /** JSON, or for `text` bodies a string. */
  readonly body?: unknown;
  /** `application/json` unless given; for PATCH a patch type. */
  readonly contentType?: string | undefined;
  /** The form of the answer, as a media type; `application/json` unless given. */
  readonly accept?: string | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Given up after this; 10 s unless given. */
  readonly timeoutMs?: number | undefined;
  /** Waits for its turn by `qps` and `burst`: what is written for people to read. */
  readonly paced?: boolean | undefined;
  /** Does not queue for one of the connections that other requests share: what a leader's term depends on. */
  readonly urgent?: boolean | undefined;
  /** Asked in the moment in which the request would leave, whatever it had to wait for: false, and it fails instead. */
  readonly admit?: (() => boolean) | undefined;
}

/** Settings of a stream. */
export interface StreamOptions {
  readonly query?: Readonly<Record<string, string | undefined>> | undefined;
  /** Ends the stream too. */
  readonly signal: AbortSignal;
  /** How long the server may take to begin its answer; 30 s unless given. */
  readonly timeoutMs?: number | undefined;
}

/** Requests to an API server, on plain JSON. */
export interface Kube {
  /** The namespace of the pod, or of the kubeconfig's context; undefined if neither names one. */
  readonly namespace: string | undefined;
  /** Resolves to the answer's JSON. @throws KubeError */
  request(
    method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE",
    path: string,
    options?: RequestOptions,
  ): Promise<unknown>;
  /**
   * Resolves when the answer has begun, to its lines as they arrive: those that came together, together. The iterator
   * ends with the answer, and throws KubeErrors. @throws KubeError
   */
  stream(path: string, options: StreamOptions): Promise<AsyncIterable<readonly string[]>>;
  /**
   * Resolves when the next request or stream has been accepted, whoever's it is: the server can be asked. Nobody waits
   * any more once the signal aborts.
   */
  nextSuccess?(signal?: AbortSignal): Promise<void>;
  /** Closes connections. */
  close(): void;
}
