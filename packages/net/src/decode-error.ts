/** Why bytes were refused: they end too early, break a rule of the protocol, or are valid but not spoken here. */
export type DecodeErrorCode = "truncated" | "malformed" | "unsupported";

/** Bad input. The only error that decoders throw, whatever the bytes. */
export class DecodeError extends Error {
  readonly code: DecodeErrorCode;

  constructor(code: DecodeErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "DecodeError";
    this.code = code;
  }
}
