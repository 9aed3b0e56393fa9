import type { Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import { DialError } from "./stream-error.ts";

/** How far a dial has come: TCP connects, TLS shakes hands, HTTP/2 begins. */
export type DialPhase = "tcp" | "tls" | "http2";

/** A dial that fails. */
export interface FailedDial {
  readonly phase: DialPhase;
  /** "10.0.0.1 port 7600". */
  readonly peer: string;
  readonly socket: Socket;
  readonly tls: TLSSocket | undefined;
  /** Whether this end has a certificate to show. */
  readonly showsCertificate: boolean;
  readonly cause: Error | undefined;
}

// What a TLS server says to plain HTTP/2 before it hangs up: nothing, or an alert, which is a record's header and two bytes
// (RFC 8446 sections 5.1 and 6).
const TLS_ANSWERS: readonly number[] = [0, 7];

/**
 * Says what a failed dial failed for.
 *
 * One trouble is one message however it shows: whether an alert arrives, or the connection is reset before it can be
 * read, is a matter of microseconds.
 */
export function explainDial({ phase, peer, socket, tls, showsCertificate, cause }: FailedDial): DialError {
  const error = (code: DialError["code"], message: string) => new DialError(code, message, { cause });
  if (phase === "tcp") return error("unreachable", cause?.message ?? `no connection to ${peer}`);
  if (tls === undefined) {
    if (!TLS_ANSWERS.includes(socket.bytesRead)) return error("protocol", `${peer} does not speak HTTP/2`);
    return error("tls", `${peer} hung up instead of speaking HTTP/2: it may want TLS, with a certificate`);
  }
  if (phase === "http2" && tls.alpnProtocol !== "h2") return error("protocol", `${peer} does not speak HTTP/2`);
  if (phase === "http2") {
    const detail = showsCertificate
      ? "it does not accept the certificate that this process shows"
      : "it wants a certificate, and this process shows none";
    return error("tls", `${peer} ended the connection after the TLS handshake: ${detail}`);
  }
  // Set if it is our own verification that failed; its type says Error, but it is the error's code.
  const isRefused = Boolean(tls.authorizationError);
  if (isRefused) return error("tls", `the certificate of ${peer} is not accepted: ${cause?.message}`);
  return error("tls", `no TLS handshake with ${peer}: it does not speak TLS, or not TLS 1.3`);
}
