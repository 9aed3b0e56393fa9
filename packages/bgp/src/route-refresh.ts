import { type Family, Reader, type Writer } from "@heraldlb/net";
import { afiOf, familyOfAfi, UNICAST } from "./address-family.ts";

/**
 * Asks for all routes of a family again, or marks the begin or end of such an answer (RFC 2918, RFC 7313).
 *
 * `unknown` is for what must be ignored: other families and subtypes.
 */
export type RouteRefresh = {
  readonly type: "routeRefresh";
} & (
  | { readonly subtype: "request" | "begin" | "end"; readonly family: Family }
  | { readonly subtype: "unknown"; readonly value: Uint8Array }
);

const SUBTYPES = ["request", "begin", "end"] as const;

/** Reads a ROUTE-REFRESH from behind the header. What follows a request (RFC 5291) is ignored. */
export function decodeRouteRefresh(r: Reader): RouteRefresh {
  const value = r.bytes(r.remaining);
  const fields = new Reader(value);
  const family = familyOfAfi(fields.u16());
  const subtype = SUBTYPES[fields.u8()];
  const isUnicast = fields.u8() === UNICAST;
  if (!family || !subtype || !isUnicast) return { type: "routeRefresh", subtype: "unknown", value };
  if (subtype !== "request") fields.end();
  return { type: "routeRefresh", subtype, family };
}

/** Writes a ROUTE-REFRESH from behind the header. */
export function encodeRouteRefresh(message: RouteRefresh, w: Writer): void {
  if (message.subtype === "unknown") w.bytes(message.value);
  else w.u16(afiOf(message.family)).u8(SUBTYPES.indexOf(message.subtype)).u8(UNICAST);
}
