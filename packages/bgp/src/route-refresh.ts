import type { Family } from "@heraldlb/net";

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
