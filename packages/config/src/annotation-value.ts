import { type IpRange, parseUnmappedIp, rangeOf } from "@heraldlb/net";
import { formatDuration, parseDuration } from "@heraldlb/runtime";
import { parsePoolEntry } from "./pool-addresses.ts";

/** How the text of an annotation becomes a value. */
export interface AnnotationValue<T> {
  /** What may be written, to follow "must be". */
  readonly syntax: string;
  /** Undefined if the text is none of it. */
  parse(text: string): T | undefined;
}

/** A switch: the annotation alone turns it on. */
export const toggle: AnnotationValue<boolean> = {
  syntax: `"true" (or empty) or "false"`,
  parse: (text) => (text === "false" ? false : text === "true" || text === "" || undefined),
};

/** A whole number between two others, both allowed. */
export const wholeNumber = (min: number, max: number): AnnotationValue<number> => ({
  syntax: `a whole number from ${min} to ${max}`,
  parse: (text) => within(/^\d{1,10}$/.test(text) ? Number(text) : undefined, min, max),
});

/** A duration, in milliseconds, between two others, both allowed. */
export const durationMs = (min: number, max: number): AnnotationValue<number> => ({
  syntax: `a duration from ${min === 0 ? "0s" : formatDuration(min)} to ${formatDuration(max)}, as in "90s" or "1h30m"`,
  parse: (text) => within(parseDuration(text), min, max),
});

/** Addresses, ranges and CIDRs with commas between them. */
export const addressList: AnnotationValue<readonly IpRange[]> = {
  syntax: `addresses, ranges or CIDRs with commas between them, as in "192.0.2.5,192.0.2.8-192.0.2.9"`,
  parse: parseAddressList,
};

function parseAddressList(text: string): readonly IpRange[] | undefined {
  const ranges = text.split(",").map((item) => parseAddresses(item.trim()));
  return ranges.every((range) => range !== undefined) ? ranges : undefined;
}

function parseAddresses(text: string): IpRange | undefined {
  const address = parseUnmappedIp(text);
  if (address) return rangeOf(address, address);
  const entry = parsePoolEntry(text);
  return "error" in entry ? undefined : entry.range;
}

function within(value: number | undefined, min: number, max: number): number | undefined {
  return value !== undefined && value >= min && value <= max ? value : undefined;
}
