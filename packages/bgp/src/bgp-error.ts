import { DecodeError } from "@heraldlb/net";
import type { Notification, NotificationError } from "./notification.ts";

const NOTHING = new Uint8Array();

/** Input that ends the session, with the NOTIFICATION that tells the peer why (RFC 4271 section 6). */
export class BgpError extends DecodeError {
  readonly notification: Notification;

  constructor(error: NotificationError, message: string, data: Uint8Array = NOTHING) {
    super("malformed", `${error}: ${message}`);
    this.name = "BgpError";
    this.notification = { type: "notification", error, data };
  }
}
