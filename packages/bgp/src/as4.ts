import { AS_TRANS, type AsPathSegment, isConfederation, LARGEST_TWO_BYTE_AS } from "./as-path.ts";
import type { PathAttribute } from "./attribute.ts";
import type { WireAttribute } from "./attribute-codec.ts";

/** What a peer without four-byte AS numbers gets: with the numbers that do not fit, beside (RFC 6793 section 4.2.2). */
export function splitAs4(attributes: readonly PathAttribute[]): readonly WireAttribute[] {
  const beside: WireAttribute[] = [];
  for (const attribute of attributes) {
    if (attribute.type === "asPath") {
      const segments = attribute.segments.filter((segment) => !isConfederation(segment));
      if (segments.some(({ asns }) => asns.some(isLarge))) beside.push({ type: "as4Path", segments });
    } else if (attribute.type === "aggregator" && isLarge(attribute.asn)) {
      beside.push({ ...attribute, type: "as4Aggregator" });
    }
  }
  return [...attributes, ...beside];
}

/** What attributes of two-byte numbers and those beside them say together (RFC 6793 section 4.2.3). */
export function mergeAs4(attributes: readonly WireAttribute[]): PathAttribute[] {
  const as4Path = attributes.find((one) => one.type === "as4Path");
  const as4Aggregator = attributes.find((one) => one.type === "as4Aggregator");
  const aggregator = attributes.find((one) => one.type === "aggregator");
  // Who has aggregated the route since, did not know them.
  const isStale = as4Aggregator !== undefined && aggregator !== undefined && aggregator.asn !== AS_TRANS;
  const known = attributes.filter(isPathAttribute);
  if (isStale) return known;
  return known.map((attribute): PathAttribute => {
    if (attribute.type === "asPath" && as4Path) {
      return { type: "asPath", segments: mergeAs4Path(attribute.segments, as4Path.segments) };
    }
    return attribute.type === "aggregator" && as4Aggregator ? { ...as4Aggregator, type: "aggregator" } : attribute;
  });
}

function isPathAttribute(attribute: WireAttribute): attribute is PathAttribute {
  return attribute.type !== "as4Path" && attribute.type !== "as4Aggregator";
}

const isLarge = (asn: number) => asn > LARGEST_TWO_BYTE_AS;

/** The AS4_PATH, and before it what speakers that do not know it have put in front of the AS_PATH since. */
function mergeAs4Path(path: readonly AsPathSegment[], as4Path: readonly AsPathSegment[]): readonly AsPathSegment[] {
  const known = as4Path.filter((segment) => !isConfederation(segment));
  const missing = pathLength(path) - pathLength(known);
  // Somebody who did not know the AS4_PATH has shortened the path.
  if (missing < 0) return path;
  return joined([...leading(path, missing), ...known]);
}

/** The first `count` AS numbers, with the confederation segments before and between them. */
function leading(path: readonly AsPathSegment[], count: number): AsPathSegment[] {
  const taken: AsPathSegment[] = [];
  let left = count;
  for (const segment of path) {
    if (isConfederation(segment)) taken.push(segment);
    else if (left === 0) break;
    else if (segment.type === "sequence") {
      const asns = segment.asns.slice(0, left);
      taken.push({ type: "sequence", asns });
      left -= asns.length;
      if (asns.length < segment.asns.length) break;
    } else {
      taken.push(segment);
      left -= 1;
    }
  }
  return taken;
}

/** A set counts as one AS, a confederation's segments as none (RFC 4271 section 9.1.2.2, RFC 5065 section 5.3). */
function pathLength(segments: readonly AsPathSegment[]): number {
  return segments.reduce((sum, { type, asns }) => {
    if (type === "sequence") return sum + asns.length;
    return type === "set" ? sum + 1 : sum;
  }, 0);
}

/** The same path with its neighbouring sequences made one, as the aggregating speaker had it. */
function joined(segments: readonly AsPathSegment[]): AsPathSegment[] {
  const result: AsPathSegment[] = [];
  for (const segment of segments) {
    const last = result.at(-1);
    if (last?.type === "sequence" && segment.type === "sequence") {
      result[result.length - 1] = { type: "sequence", asns: [...last.asns, ...segment.asns] };
    } else result.push(segment);
  }
  return result;
}
