import { DecodeError, type Reader, type Writer } from "@heraldlb/net";

/** A part of an AS_PATH (RFC 4271 section 4.3, RFC 5065 section 3). */
export interface AsPathSegment {
  readonly type: "set" | "sequence" | "confedSequence" | "confedSet";
  /** At most 255 in a set; longer sequences become several when they are written. */
  readonly asns: readonly number[];
}

/** Stands for an AS number that does not fit into two bytes (RFC 6793 section 9). */
export const AS_TRANS = 23_456;

/** The largest AS number that fits into two bytes. */
export const LARGEST_TWO_BYTE_AS = 0xffff;

const TYPES = { set: 1, sequence: 2, confedSequence: 3, confedSet: 4 } as const;

const typeByCode: ReadonlyMap<number, AsPathSegment["type"]> = new Map(
  Object.entries(TYPES).map(([type, code]) => [code, type as AsPathSegment["type"]]),
);

const MOST_PER_SEGMENT = 0xff;

/** Whether a segment is of a confederation (RFC 5065 section 3). */
export function isConfederation({ type }: AsPathSegment): boolean {
  return type === "confedSequence" || type === "confedSet";
}

/** Reads segments to the end. Empty segments and AS 0 are malformed (RFC 7606 section 7.2, RFC 7607). */
export function decodeSegments(r: Reader, fourByteAs: boolean): AsPathSegment[] {
  const segments: AsPathSegment[] = [];
  while (r.remaining > 0) {
    const code = r.u8();
    const type = typeByCode.get(code);
    if (!type) throw new DecodeError("malformed", `an AS path segment of type ${code}`);
    const count = r.u8();
    if (count === 0) throw new DecodeError("malformed", "an AS path segment without numbers");
    segments.push({ type, asns: Array.from({ length: count }, () => decodeAsn(r, fourByteAs)) });
  }
  return segments;
}

/** Writes segments, larger AS numbers as AS_TRANS if they have two bytes here. */
export function encodeSegments(segments: readonly AsPathSegment[], w: Writer, fourByteAs: boolean): void {
  for (const { type, asns } of segments) {
    const isSequence = type === "sequence" || type === "confedSequence";
    const most = isSequence ? MOST_PER_SEGMENT : asns.length;
    for (let start = 0; start < asns.length; start += most) {
      const part = asns.slice(start, start + most);
      w.u8(TYPES[type]).u8(part.length);
      for (const asn of part) encodeAsn(asn, w, fourByteAs);
    }
  }
}

/** Reads an AS number of two or four bytes; 0 is malformed (RFC 7607). */
export function decodeAsn(r: Reader, fourByteAs: boolean): number {
  const asn = fourByteAs ? r.u32() : r.u16();
  if (asn === 0) throw new DecodeError("malformed", "AS number 0");
  return asn;
}

/** Writes an AS number in two or four bytes, AS_TRANS if it does not fit into two (RFC 6793 section 4.2.2). */
export function encodeAsn(asn: number, w: Writer, fourByteAs: boolean): void {
  if (fourByteAs) w.u32(asn);
  else w.u16(asn > LARGEST_TWO_BYTE_AS ? AS_TRANS : asn);
}
