/** A part of an AS_PATH (RFC 4271 section 4.3, RFC 5065 section 3), at most 255 numbers when received. */
export interface AsPathSegment {
  readonly type: "set" | "sequence" | "confedSequence" | "confedSet";
  readonly asns: readonly number[];
}
