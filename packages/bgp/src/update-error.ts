import type { Notification } from "./notification.ts";

/** What to do about a malformed UPDATE, from weak to strong (RFC 7606 section 2). */
export type UpdateAction = (typeof ACTIONS)[number];

/** Something wrong in an UPDATE. */
export interface UpdateError {
  readonly action: UpdateAction;
  /** The attribute's type code, unless the error is about none. */
  readonly attribute?: number;
  readonly message: string;
  /** What to tell the peer if the session is reset because of this (RFC 4271 section 6.3). */
  readonly notification: Notification;
}

const ACTIONS = ["attributeDiscard", "treatAsWithdraw", "sessionReset"] as const;

/** The action that all errors of an UPDATE together call for; `undefined` without any (RFC 7606 section 3 h). */
export function strongestAction(errors: readonly UpdateError[]): UpdateAction | undefined {
  return ACTIONS.findLast((action) => errors.some((error) => error.action === action));
}
