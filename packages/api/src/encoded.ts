import { ConnectResponse } from "./gen/herald/v1/speaker.gen.ts";

declare const encoded: unique symbol;

/** A ConnectResponse as the bytes of its protobuf form, to be sent to any number of speakers. */
export type Encoded = Uint8Array & { readonly [encoded]: true };

/** Encodes a message once, for all the streams that it goes to. */
export function encodeResponse(message: ConnectResponse): Encoded {
  // Only a brand is added.
  return ConnectResponse.encode(message).finish() as Encoded;
}
