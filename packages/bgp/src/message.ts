import type { Notification } from "./notification.ts";
import type { Open } from "./open.ts";
import type { RouteRefresh } from "./route-refresh.ts";
import type { ReceivedUpdate, Update } from "./update.ts";

/** A BGP message (RFC 4271 section 4, RFC 2918). */
export type BgpMessage = Open | Update | Notification | Keepalive | RouteRefresh;

/** A message as received: an UPDATE says what was wrong with it. */
export type ReceivedMessage = Exclude<BgpMessage, Update> | ReceivedUpdate;

/** Says that the sender is still there (RFC 4271 section 4.4). */
export interface Keepalive {
  readonly type: "keepalive";
}
