import { STATUS, type Status } from "./grpc.ts";

/**
 * Why a stream ended: a gRPC status in Herald's words.
 *
 * `alreadyExists`: another process of the node has the stream. `permissionDenied`: the certificate is not the node's.
 * `invalidArgument`: what the speaker said makes no sense. `resourceExhausted`: too much. `unavailable`: the connection
 * broke, or the controller ends. `timeout`: no answer in time. `internal`: a bug, or a message that cannot be decoded.
 */
export type StreamErrorCode =
  | "alreadyExists"
  | "permissionDenied"
  | "unauthenticated"
  | "invalidArgument"
  | "resourceExhausted"
  | "unavailable"
  | "timeout"
  | "internal";

// The mapped type keeps the table complete: a code without a status does not compile.
const CODES: { readonly [C in StreamErrorCode]: number } = {
  alreadyExists: STATUS.alreadyExists,
  permissionDenied: STATUS.permissionDenied,
  unauthenticated: STATUS.unauthenticated,
  invalidArgument: STATUS.invalidArgument,
  resourceExhausted: STATUS.resourceExhausted,
  unavailable: STATUS.unavailable,
  timeout: STATUS.deadlineExceeded,
  internal: STATUS.internal,
};

/** A stream that ended for a reason. A server's handler throws one to say why it hangs up; a client gets it. */
export class StreamError extends Error {
  override readonly name = "StreamError";
  readonly code: StreamErrorCode;

  constructor(code: StreamErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** The gRPC status that tells a client of an error. */
export const toStatus = (error: StreamError): Status => ({
  code: CODES[error.code],
  details: error.message,
});

/** What a status says; any that Herald does not send is `internal`. */
export function fromStatus({ code, details }: Status): StreamError {
  for (const [name, number] of Object.entries(CODES)) {
    // `Object.entries` forgets the keys' type.
    if (number === code) return new StreamError(name as StreamErrorCode, details);
  }
  return new StreamError("internal", `gRPC status ${code}: ${details}`);
}

/**
 * Why a dial failed. `timeout`: no connection, or no answer, in time. `unreachable`: refused, no route. `tls`: one of the
 * two does not accept the other's certificate, or only one of the two speaks TLS. `protocol`: whoever listens there is
 * not a Herald controller. The message of one trouble is always the same; what the kernel or OpenSSL said is its cause.
 */
export type DialErrorCode = "timeout" | "unreachable" | "tls" | "protocol";

/** A dial that led to no stream. */
export class DialError extends Error {
  override readonly name = "DialError";
  readonly code: DialErrorCode;

  constructor(code: DialErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
