import type { PathAttribute } from "./attribute.ts";
import type { Nlri } from "./nlri.ts";
import type { Notification } from "./notification.ts";

/**
 * Announces and withdraws routes (RFC 4271 section 4.3).
 *
 * Its own two lists are IPv4; those of other families are in the attributes `mpReach` and `mpUnreach`. `updateRoutes`
 * brings both together.
 */
export interface Update {
  readonly type: "update";
  readonly withdrawn: readonly Nlri[];
  readonly attributes: readonly PathAttribute[];
  readonly announced: readonly Nlri[];
}

/** An UPDATE as far as it could be understood. */
export interface ReceivedUpdate extends Update {
  /** In order of discovery; the strongest action counts (RFC 7606 section 3 h). */
  readonly errors: readonly UpdateError[];
}

/** What to do about a malformed UPDATE, from weak to strong (RFC 7606 section 2). */
export type UpdateAction = "attributeDiscard" | "treatAsWithdraw" | "sessionReset";

/** Something wrong in an UPDATE. */
export interface UpdateError {
  readonly action: UpdateAction;
  /** The attribute's type code, unless the error is about none. */
  readonly attribute?: number;
  readonly message: string;
  /** What to send if the session is reset because of this. */
  readonly notification: Notification;
}
