import type { CodecOptions } from "./negotiation.ts";
import type { Nlri } from "./nlri.ts";
import type { NotificationError, UnknownNotificationError } from "./notification.ts";
import { updateRoutes } from "./routes.ts";
import { strongestAction, type UpdateAction } from "./update-error.ts";
import { decoded, MODERN, route, update } from "./wire.test.fixture.ts";

export const ORIGIN = "40 01 01 00";
export const AS_PATH = "40 02 06 02 01 0000fde9";
export const NEXT_HOP = "40 03 04 c0000201";
/** What every announcement has to have. */
export const GOOD: string = `${ORIGIN} ${AS_PATH} ${NEXT_HOP}`;
export const ROUTE = "18 c63364";
export const HOP6 = "20010db8000000000000000000000001";
export const REACH: string = `80 0e 1a 0002 01 10 ${HOP6} 00 20 20010db8`;
export const UNREACH = "80 0f 08 0002 01 20 20010db8";

/** A malformed UPDATE, and what must come of it: of the errors that call for this action, the first one's name. */
export type Case = readonly [
  name: string,
  action: UpdateAction,
  error: NotificationError,
  attributes: string,
  change?: { readonly announced?: string; readonly withdrawn?: string; readonly options?: CodecOptions },
];

/** What became of an UPDATE. */
export interface Verdict {
  readonly action: UpdateAction | undefined;
  readonly error: NotificationError | UnknownNotificationError | undefined;
  readonly announced: readonly Nlri[];
}

/** The UPDATE has a route, unless the case is about its absence: RFC 7606 section 5.2 would reset the session. */
export function verdictOf([, , , attributes, change = {}]: Case): Verdict {
  const { options = MODERN, announced = ROUTE, withdrawn = "" } = change;
  const received = decoded(update({ withdrawn, attributes, announced }), options);
  const action = strongestAction(received.errors);
  return {
    action,
    error: received.errors.find((one) => one.action === action)?.notification.error,
    announced: updateRoutes(received).announced.flatMap(({ nlri }) => nlri),
  };
}

/** What must become of it. */
export function expectedOf([, action, error, , change = {}]: Case): Verdict {
  const isKept = action === "attributeDiscard" && change.announced !== "";
  return { action, error, announced: isKept ? [route("198.51.100.0/24")] : [] };
}
