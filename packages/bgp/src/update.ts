import { DecodeError, Reader, type Writer } from "@heraldlb/net";
import type { PathAttribute } from "./attribute.ts";
import { codeOfType } from "./attribute-codec.ts";
import { type AttributeList, decodeAttributes, encodeAttributes } from "./attribute-list.ts";
import type { CodecOptions } from "./negotiation.ts";
import { decodeNlri, encodeNlri, type Nlri } from "./nlri.ts";
import { notification } from "./notification.ts";
import type { UpdateError } from "./update-error.ts";

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
  /** In order of discovery; `strongestAction` says what they come to. */
  readonly errors: readonly UpdateError[];
}

/** Reads an UPDATE from behind the header. Throws nothing: `errors` says what is wrong with it (RFC 7606). */
export function decodeUpdate(body: Uint8Array, options: CodecOptions): ReceivedUpdate {
  const fields = takeFields(body);
  if (!fields) return { type: "update", withdrawn: [], attributes: [], announced: [], errors: [OVERRUN] };
  const errors: UpdateError[] = [];
  const withdrawn = decodeRoutes(fields.withdrawn, options, errors);
  const announced = decodeRoutes(fields.announced, options, errors);
  const list = decodeAttributes(fields.attributes, options);
  const hasRoutes =
    announced.length > 0 || list.attributes.some((one) => one.type === "mpReach" && one.nlri.length > 0);
  errors.push(...list.errors);
  if (hasRoutes) errors.push(...missing(list, announced));
  return {
    type: "update",
    withdrawn,
    attributes: list.attributes,
    announced,
    errors: hasRoutes || isWithdrawal(list) ? errors : errors.map(escalated),
  };
}

/** Writes an UPDATE from behind the header. */
export function encodeUpdate({ withdrawn, attributes, announced }: Update, w: Writer, options: CodecOptions): void {
  const form = { family: "ipv4", addPath: options.addPath.send } as const;
  w.sized16(() => encodeNlri(withdrawn, w, form));
  w.sized16(() => encodeAttributes(attributes, w, options));
  encodeNlri(announced, w, form);
}

const OVERRUN: UpdateError = {
  action: "sessionReset",
  message: "the lengths of the fields exceed the message's",
  notification: notification("malformedAttributeList"),
};

interface Fields {
  readonly withdrawn: Uint8Array;
  readonly attributes: Uint8Array;
  readonly announced: Uint8Array;
}

function takeFields(body: Uint8Array): Fields | undefined {
  const r = new Reader(body);
  try {
    return { withdrawn: r.bytes(r.u16()), attributes: r.bytes(r.u16()), announced: r.bytes(r.remaining) };
  } catch (error) {
    if (error instanceof DecodeError) return undefined;
    throw error;
  }
}

/** What cannot be read cannot be withdrawn either, so the session ends (RFC 7606 sections 3 j and 5.3). */
function decodeRoutes(bytes: Uint8Array, { addPath }: CodecOptions, errors: UpdateError[]): readonly Nlri[] {
  try {
    return decodeNlri(new Reader(bytes), { family: "ipv4", addPath: addPath.receive });
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    errors.push({ action: "sessionReset", message: error.message, notification: notification("invalidNetworkField") });
    return [];
  }
}

/** RFC 7606 section 3 d. Only the routes of the message's own field need a NEXT_HOP (RFC 4760 section 3). */
function missing({ codes }: AttributeList, announced: readonly Nlri[]): UpdateError[] {
  const mandatory = ["origin", "asPath", ...(announced.length > 0 ? (["nextHop"] as const) : [])] as const;
  return mandatory
    .map(codeOfType)
    .filter((code) => !codes.has(code))
    .map((code) => ({
      action: "treatAsWithdraw",
      attribute: code,
      message: `attribute ${code} is missing`,
      notification: notification("missingWellKnownAttribute", Uint8Array.of(code)),
    }));
}

/** Nothing but withdrawals, as far as one can see. */
function isWithdrawal({ codes, errors }: AttributeList): boolean {
  return (
    [...codes].every((code) => code === codeOfType("mpUnreach")) &&
    errors.every(({ attribute }) => attribute !== undefined)
  );
}

/** Where no route was found there may have been one, which would be withdrawn if it were known (RFC 7606 section 5.2). */
function escalated(error: UpdateError): UpdateError {
  return error.action === "treatAsWithdraw" ? { ...error, action: "sessionReset" } : error;
}
