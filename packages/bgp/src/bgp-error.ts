import { DecodeError } from "@heraldlb/net";
import type { Notification } from "./notification.ts";

/** Input that ends the session, with the NOTIFICATION that tells the peer why (RFC 4271 section 6). */
export class BgpError extends DecodeError {
  readonly notification: Notification;

  constructor(notification: Notification, message: string) {
    super("malformed", message);
    this.name = "BgpError";
    this.notification = notification;
  }
}
