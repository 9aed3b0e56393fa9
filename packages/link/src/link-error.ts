/**
 * What went wrong with an interface or a socket on it.
 *
 * - `gone`: the interface does not exist (any more). The socket is finished: close it, and open another one when
 *   {@link watchInterfaces} reports the interface's new index.
 * - `down`: the interface was taken down. The socket hears again, by itself, once the interface is up.
 * - `interrupted`: the capture process died and is being replaced; frames may have been missed (`pcap` only).
 * - `permission`: the process lacks a capability, usually `CAP_NET_RAW`.
 * - `unavailable`: the backend is not installed or not compiled; the message names the remedy.
 * - `system`: anything else that the kernel refused; `errno` says what.
 */
export type LinkErrorCode = "gone" | "down" | "interrupted" | "permission" | "unavailable" | "system";

/** Additional facts of a {@link LinkError}. */
export interface LinkErrorOptions extends ErrorOptions {
  /** The kernel's name of the error, such as `ENODEV`. */
  readonly errno?: string | undefined;
}

/** Trouble with an interface or socket, as opposed to a bug of the caller (`RangeError`, `TypeError`). */
export class LinkError extends Error {
  override readonly name = "LinkError";
  readonly code: LinkErrorCode;
  /** The kernel's name of the error, such as `ENODEV`; `undefined` where no system call failed. */
  readonly errno: string | undefined;

  constructor(code: LinkErrorCode, message: string, options?: LinkErrorOptions) {
    super(message, options);
    this.code = code;
    this.errno = options?.errno;
  }
}
