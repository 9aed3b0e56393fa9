import { BgpError } from "./bgp-error.ts";
import { notification } from "./notification.ts";

/** A kind of message (RFC 4271 section 4.1, RFC 2918 section 3). */
export type MessageType = "open" | "update" | "notification" | "keepalive" | "routeRefresh";

/** What a message begins with. */
export interface Header {
  readonly type: MessageType;
  /** Of the whole message. */
  readonly length: number;
}

interface MessageForm {
  readonly code: number;
  readonly shortest: number;
  readonly longest: number;
}

/** Bytes in a header. */
export const HEADER_LENGTH = 19;

const LONGEST = 4_096;
const LONGEST_EXTENDED = 65_535;

const MARKER_LENGTH = 16;

// RFC 4271 section 6.1; RFC 8654 section 4 leaves OPEN and KEEPALIVE as they are.
const FORMS: Readonly<Record<MessageType, MessageForm>> = {
  open: { code: 1, shortest: 29, longest: LONGEST },
  update: { code: 2, shortest: 23, longest: LONGEST_EXTENDED },
  notification: { code: 3, shortest: 21, longest: LONGEST_EXTENDED },
  keepalive: { code: 4, shortest: HEADER_LENGTH, longest: HEADER_LENGTH },
  routeRefresh: { code: 5, shortest: 23, longest: LONGEST_EXTENDED },
};

const typeByCode: ReadonlyMap<number, MessageType> = new Map(
  Object.entries(FORMS).map(([type, { code }]) => [code, type as MessageType]),
);

/** The most bytes of a message (RFC 4271 section 4.1), with extended messages (RFC 8654). */
export function longestMessage(isExtended: boolean): number {
  return isExtended ? LONGEST_EXTENDED : LONGEST;
}

/** The number of a kind of message. */
export function messageCode(type: MessageType): number {
  return FORMS[type].code;
}

/** Reads the header that bytes begin with. `longest` is what was agreed on. Throws `BgpError` (RFC 4271 section 6.1). */
export function decodeHeader(bytes: Uint8Array, longest: number): Header {
  for (let i = 0; i < MARKER_LENGTH; i++) {
    if (bytes[i] !== 0xff) throw new BgpError(notification("connectionNotSynchronized"), "the marker is not all ones");
  }
  const [high = 0, low = 0, code = 0] = bytes.subarray(MARKER_LENGTH, HEADER_LENGTH);
  const length = (high << 8) | low;
  const type = typeByCode.get(code);
  const form = type ? FORMS[type] : { shortest: HEADER_LENGTH, longest };
  if (length < form.shortest || length > form.longest || length > longest) {
    throw new BgpError(notification("badMessageLength", Uint8Array.of(high, low)), `a length of ${length}`);
  }
  if (!type) throw new BgpError(notification("badMessageType", Uint8Array.of(code)), `a message of type ${code}`);
  return { type, length };
}

/** Writes a header over the first bytes of a message. Throws `RangeError` for a message that is too long. */
export function putHeader(message: Uint8Array, type: MessageType, longest: number): void {
  const { length } = message;
  if (length > longest || length > FORMS[type].longest) throw new RangeError(`${type} of ${length} bytes`);
  message.fill(0xff, 0, MARKER_LENGTH);
  message.set([length >>> 8, length & 0xff, FORMS[type].code], MARKER_LENGTH);
}
