import type { Reader, Writer } from "@heraldlb/net";

/**
 * A message that says why the session ends, and ends it (RFC 4271 section 4.5).
 *
 * `data` depends on the error: the offending field, a shutdown's text (`shutdownText`), what a hard reset carries
 * (`hardResetCause`).
 */
export interface Notification {
  readonly type: "notification";
  readonly error: NotificationError | UnknownNotificationError;
  readonly data: Uint8Array;
}

/** Why a session ends: each error that has a code and subcode in the IANA registry of BGP error codes. */
export type NotificationError = keyof typeof NOTIFICATION_ERRORS;

/** A code and subcode without a name here. */
export interface UnknownNotificationError {
  readonly code: number;
  readonly subcode: number;
}

// Codes, subcodes and their order are the registry's. The `…Error` of each code is its unspecific subcode 0.
const NOTIFICATION_ERRORS = {
  messageHeaderError: [1, 0],
  connectionNotSynchronized: [1, 1],
  badMessageLength: [1, 2],
  badMessageType: [1, 3],
  openMessageError: [2, 0],
  unsupportedVersionNumber: [2, 1],
  badPeerAs: [2, 2],
  badBgpIdentifier: [2, 3],
  unsupportedOptionalParameter: [2, 4],
  authenticationFailure: [2, 5],
  unacceptableHoldTime: [2, 6],
  unsupportedCapability: [2, 7],
  roleMismatch: [2, 11],
  updateMessageError: [3, 0],
  malformedAttributeList: [3, 1],
  unrecognizedWellKnownAttribute: [3, 2],
  missingWellKnownAttribute: [3, 3],
  attributeFlagsError: [3, 4],
  attributeLengthError: [3, 5],
  invalidOriginAttribute: [3, 6],
  asRoutingLoop: [3, 7],
  invalidNextHopAttribute: [3, 8],
  optionalAttributeError: [3, 9],
  invalidNetworkField: [3, 10],
  malformedAsPath: [3, 11],
  holdTimerExpired: [4, 0],
  finiteStateMachineError: [5, 0],
  unexpectedMessageInOpenSent: [5, 1],
  unexpectedMessageInOpenConfirm: [5, 2],
  unexpectedMessageInEstablished: [5, 3],
  cease: [6, 0],
  maximumPrefixesReached: [6, 1],
  administrativeShutdown: [6, 2],
  peerDeconfigured: [6, 3],
  administrativeReset: [6, 4],
  connectionRejected: [6, 5],
  otherConfigurationChange: [6, 6],
  connectionCollisionResolution: [6, 7],
  outOfResources: [6, 8],
  hardReset: [6, 9],
  bfdDown: [6, 10],
  routeRefreshMessageError: [7, 0],
  invalidRouteRefreshLength: [7, 1],
  sendHoldTimerExpired: [8, 0],
} as const;

const errorByCodes: ReadonlyMap<number, NotificationError> = new Map(
  Object.entries(NOTIFICATION_ERRORS).map(([error, [code, subcode]]) => [
    key(code, subcode),
    error as NotificationError,
  ]),
);

const NOTHING = new Uint8Array();

/** A NOTIFICATION of that error. */
export function notification(error: NotificationError, data: Uint8Array = NOTHING): Notification {
  return { type: "notification", error, data };
}

/** The code and subcode of a NOTIFICATION, for who counts or prints them. */
export function notificationCodes({ error }: Notification): UnknownNotificationError {
  if (typeof error !== "string") return error;
  const [code, subcode] = NOTIFICATION_ERRORS[error];
  return { code, subcode };
}

/** Reads a NOTIFICATION from behind the header. */
export function decodeNotification(r: Reader): Notification {
  const code = r.u8();
  const subcode = r.u8();
  const error = errorByCodes.get(key(code, subcode)) ?? { code, subcode };
  return { type: "notification", error, data: r.bytes(r.remaining) };
}

/** Writes a NOTIFICATION from behind the header. */
export function encodeNotification(message: Notification, w: Writer): void {
  const { code, subcode } = notificationCodes(message);
  w.u8(code).u8(subcode).bytes(message.data);
}

function key(code: number, subcode: number): number {
  return (code << 8) | subcode;
}
