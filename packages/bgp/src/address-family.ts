import type { Family, Reader, Writer } from "@heraldlb/net";

const AFIS = { ipv4: 1, ipv6: 2 } as const satisfies Record<Family, number>;

/** SAFI of unicast routes (RFC 4760 section 6), the only ones spoken here. */
export const UNICAST = 1;

/** The family with that AFI. */
export function familyOfAfi(afi: number): Family | undefined {
  if (afi === AFIS.ipv4) return "ipv4";
  return afi === AFIS.ipv6 ? "ipv6" : undefined;
}

/** The number of a family (RFC 4760 section 6). */
export function afiOf(family: Family): number {
  return AFIS[family];
}

/** Reads an AFI and a SAFI that follow each other; `undefined` unless they are a family's unicast routes. */
export function decodeFamily(r: Reader): Family | undefined {
  const family = familyOfAfi(r.u16());
  return r.u8() === UNICAST ? family : undefined;
}

/** Writes the AFI and the SAFI of a family's unicast routes. */
export function encodeFamily(family: Family, w: Writer): void {
  w.u16(AFIS[family]).u8(UNICAST);
}
