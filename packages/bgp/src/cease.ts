import { DecodeError, Reader, Writer } from "@heraldlb/net";
import { decodeNotification, encodeNotification, type Notification, notification } from "./notification.ts";

/** Errors whose data is a text for the operators of the peer (RFC 9003 section 2). */
export type Shutdown = "administrativeShutdown" | "administrativeReset";

/** A shutdown or reset with its reason, at most 255 bytes of UTF-8 (RFC 9003 section 2); longer throws `RangeError`. */
export function shutdownNotification(error: Shutdown, text: string): Notification {
  const bytes = new TextEncoder().encode(text);
  return notification(error, new Writer().u8(bytes.length).bytes(bytes).toBytes());
}

/** The reason that came with a shutdown or reset; `undefined` if there is none or it is malformed (RFC 9003). */
export function shutdownText({ error, data }: Notification): string | undefined {
  if (error !== "administrativeShutdown" && error !== "administrativeReset") return undefined;
  const length = data[0] ?? 0;
  if (length === 0 || data.length <= length) return undefined;
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(data.subarray(1, 1 + length));
  } catch {
    return undefined;
  }
}

/** Tells a peer that keeps routes over a NOTIFICATION to drop them this time, and why (RFC 8538 section 3). */
export function hardReset(cause: Notification): Notification {
  const data = new Writer();
  encodeNotification(cause, data);
  return notification("hardReset", data.toBytes());
}

/** The NOTIFICATION that a hard reset carries; `undefined` for another one, and for one without (RFC 8538). */
export function hardResetCause({ error, data }: Notification): Notification | undefined {
  if (error !== "hardReset") return undefined;
  try {
    return decodeNotification(new Reader(data));
  } catch (error) {
    if (error instanceof DecodeError) return undefined;
    throw error;
  }
}
