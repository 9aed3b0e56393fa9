import { type StatusObject, status } from "@grpc/grpc-js";

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
const STATUS: { readonly [C in StreamErrorCode]: number } = {
  alreadyExists: status.ALREADY_EXISTS,
  permissionDenied: status.PERMISSION_DENIED,
  unauthenticated: status.UNAUTHENTICATED,
  invalidArgument: status.INVALID_ARGUMENT,
  resourceExhausted: status.RESOURCE_EXHAUSTED,
  unavailable: status.UNAVAILABLE,
  timeout: status.DEADLINE_EXCEEDED,
  internal: status.INTERNAL,
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
export const toStatus = (error: StreamError): Pick<StatusObject, "code" | "details"> => ({
  code: STATUS[error.code],
  details: error.message,
});

/** What a status says; any that Herald does not send is `internal`. */
export function fromStatus({ code, details }: Pick<StatusObject, "code" | "details">): StreamError {
  for (const [name, number] of Object.entries(STATUS)) {
    // `Object.entries` forgets the keys' type.
    if (number === code) return new StreamError(name as StreamErrorCode, details);
  }
  return new StreamError("internal", `${status[code] ?? code}: ${details}`);
}

/**
 * Why a dial failed. `timeout`: no connection, or no answer, in time. `unreachable`: refused, no route. `tls`: one of the
 * two does not accept the other's certificate. `protocol`: whoever listens there is not a Herald controller.
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
