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
  readonly clock: Clock;
  readonly log: Logger;
}

/** Settings of one request. */
export interface RequestOptions {
  readonly query?: Readonly<Record<string, string | undefined>> | undefined;
  /** JSON, or for `text` bodies a string. */
  readonly body?: unknown;
  /** `application/json` unless given; for PATCH a patch type. */
  readonly contentType?: string | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Given up after this; 10 s unless given. */
  readonly timeoutMs?: number | undefined;
  /** Waits for its turn by `qps` and `burst`: what is written for people to read. */
  readonly paced?: boolean | undefined;
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
  /** Closes connections. */
  close(): void;
}
