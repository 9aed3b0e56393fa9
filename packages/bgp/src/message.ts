import { DecodeError, Reader, Writer } from "@heraldlb/net";
import { BgpError } from "./bgp-error.ts";
import { decodeHeader, HEADER_LENGTH, longestMessage, putHeader } from "./header.ts";
import type { CodecOptions } from "./negotiation.ts";
import { decodeNotification, encodeNotification, type Notification, notification } from "./notification.ts";
import { decodeOpen, encodeOpen, type Open } from "./open.ts";
import { decodeRouteRefresh, encodeRouteRefresh, type RouteRefresh } from "./route-refresh.ts";
import { decodeUpdate, encodeUpdate, type ReceivedUpdate, type Update } from "./update.ts";

/** A BGP message (RFC 4271 section 4, RFC 2918). */
export type BgpMessage = Open | Update | Notification | Keepalive | RouteRefresh;

/** A message as received: an UPDATE says what was wrong with it. */
export type ReceivedMessage = Exclude<BgpMessage, Update> | ReceivedUpdate;

/** Says that the sender is still there (RFC 4271 section 4.4). */
export interface Keepalive {
  readonly type: "keepalive";
}

/**
 * Reads one whole message with its header, as `MessageSplitter` cuts it.
 *
 * Throws `BgpError` for what ends the session, but not for an UPDATE's body: what is wrong with that is in its
 * `errors`. Bytes that are not one whole message are another `DecodeError`. Bytes in the result are views.
 */
export function decodeMessage(bytes: Uint8Array, options: CodecOptions): ReceivedMessage {
  if (bytes.length < HEADER_LENGTH) throw new DecodeError("truncated", `${bytes.length} bytes are no message`);
  const { type, length } = decodeHeader(bytes, longestMessage(options.extendedMessage.receive));
  if (length !== bytes.length) throw new DecodeError("malformed", `${bytes.length} bytes, not ${length}`);
  const body = bytes.subarray(HEADER_LENGTH);
  switch (type) {
    case "open":
      return decodeOpen(new Reader(body));
    case "update":
      return decodeUpdate(body, options);
    case "notification":
      return decodeNotification(new Reader(body));
    case "keepalive":
      return { type: "keepalive" };
    case "routeRefresh":
      return decodeRefresh(bytes);
  }
}

/**
 * Writes a message with its header. Throws `RangeError` for one that is too long for the session, and for values that
 * do not fit into their fields.
 */
export function encodeMessage(message: BgpMessage, options: CodecOptions): Uint8Array<ArrayBuffer> {
  const w = new Writer(message.type === "update" ? TYPICAL_UPDATE : undefined).padTo(HEADER_LENGTH);
  encodeBody(message, w, options);
  const bytes = w.toBytes();
  putHeader(bytes, message.type, longestMessage(options.extendedMessage.send));
  return bytes;
}

const TYPICAL_UPDATE = 512;

function encodeBody(message: BgpMessage, w: Writer, options: CodecOptions): void {
  switch (message.type) {
    case "open":
      encodeOpen(message, w);
      break;
    case "update":
      encodeUpdate(message, w, options);
      break;
    case "notification":
      encodeNotification(message, w);
      break;
    case "keepalive":
      break;
    case "routeRefresh":
      encodeRouteRefresh(message, w);
      break;
  }
}

/** RFC 7313 section 5: the whole message goes back if its length is wrong. */
function decodeRefresh(bytes: Uint8Array): RouteRefresh {
  try {
    return decodeRouteRefresh(new Reader(bytes.subarray(HEADER_LENGTH)));
  } catch (cause) {
    if (!(cause instanceof DecodeError)) throw cause;
    throw new BgpError(notification("invalidRouteRefreshLength", bytes), cause.message);
  }
}
