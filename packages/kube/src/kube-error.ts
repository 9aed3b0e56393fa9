/** An API server refused a request, or could not be asked. Never contains a token. */
export class KubeError extends Error {
  override readonly name = "KubeError";
  /** HTTP status; 0: no answer came. */
  readonly status: number;
  /** `reason` of the Status object, for example "Conflict"; empty if there is none. */
  readonly reason: string;
  /** How long the server asks to wait, in milliseconds. */
  readonly retryAfterMs: number | undefined;

  constructor(
    message: string,
    {
      status,
      reason = "",
      retryAfterMs,
      cause,
    }: {
      readonly status: number;
      readonly reason?: string;
      readonly retryAfterMs?: number | undefined;
      readonly cause?: unknown;
    },
  ) {
    super(message, { cause });
    this.status = status;
    this.reason = reason;
    this.retryAfterMs = retryAfterMs;
  }
}
