/** Why a session's state last changed, as the other side is told (RFC 5880 section 4.1); 9 to 31 are reserved. */
export const DIAGNOSTIC = {
  none: 0,
  controlDetectionTimeExpired: 1,
  echoFunctionFailed: 2,
  neighborSignaledSessionDown: 3,
  forwardingPlaneReset: 4,
  pathDown: 5,
  concatenatedPathDown: 6,
  administrativelyDown: 7,
  reverseConcatenatedPathDown: 8,
} as const;

const NAMES: ReadonlyMap<number, string> = new Map(Object.entries(DIAGNOSTIC).map(([name, code]) => [code, name]));

/** A diagnostic code's name, or `reserved` and its number. */
export function diagnosticName(code: number): string {
  return NAMES.get(code) ?? `reserved${code}`;
}
