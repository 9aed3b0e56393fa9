import { type Family, isIpv4, Writer } from "@heraldlb/net";
import type { MpReach, MpUnreach, NextHop, PathAttribute } from "./attribute.ts";
import { HEADER_LENGTH, longestMessage } from "./header.ts";
import type { CodecOptions } from "./negotiation.ts";
import { type Nlri, nlriFamily, nlriLength } from "./nlri.ts";
import { encodeUpdate, type Update } from "./update.ts";

/** An attribute with routes in it has a longer length field than the empty one that is measured. */
const LONGER_ATTRIBUTE_HEADER = 1;

/** Destinations of one family whose attributes are all equal. */
export interface RouteBatch {
  /** All but `nextHop`, `mpReach` and `mpUnreach`. */
  readonly attributes: readonly PathAttribute[];
  readonly nextHop: NextHop;
  readonly nlri: readonly Nlri[];
}

/**
 * As few UPDATEs as announce these routes, none longer than the session allows: IPv4 routes with an IPv4 next hop in
 * the message's own field, all others in MP_REACH_NLRI (RFC 4760, RFC 8950).
 *
 * Throws `RangeError` if the attributes leave no room for a route; that of a single one is left to `encodeMessage`.
 */
export function packUpdates({ attributes, nextHop, nlri }: RouteBatch, options: CodecOptions): Update[] {
  const [first] = nlri;
  if (!first) return [];
  const family = nlriFamily(first);
  const { address } = nextHop;
  if (family === "ipv4" && isIpv4(address)) {
    const all: readonly PathAttribute[] = [...attributes, { type: "nextHop", address }];
    return pack(nlri, (announced) => ({ type: "update", withdrawn: [], attributes: all, announced }), options);
  }
  return pack(nlri, (part) => carrying({ type: "mpReach", family, nextHop, nlri: part }, attributes), options);
}

/** As few UPDATEs as withdraw these routes of any family, none longer than the session allows. */
export function packWithdrawals(nlri: readonly Nlri[], options: CodecOptions): Update[] {
  const of = (family: Family) => nlri.filter((one) => nlriFamily(one) === family);
  return [
    ...pack(of("ipv4"), (withdrawn) => ({ type: "update", withdrawn, attributes: [], announced: [] }), options),
    ...pack(of("ipv6"), (part) => carrying({ type: "mpUnreach", family: "ipv6", nlri: part }), options),
  ];
}

function carrying(routes: MpReach | MpUnreach, others: readonly PathAttribute[] = []): Update {
  return { type: "update", withdrawn: [], attributes: [routes, ...others], announced: [] };
}

function pack(nlri: readonly Nlri[], build: (part: readonly Nlri[]) => Update, options: CodecOptions): Update[] {
  // Most changes are of one route, and what is too long for one message is refused when it is encoded.
  if (nlri.length < 2) return nlri.length === 0 ? [] : [build(nlri)];
  const frame = new Writer();
  encodeUpdate(build([]), frame, options);
  const room = longestMessage(options.extendedMessage.send) - HEADER_LENGTH - frame.length - LONGER_ATTRIBUTE_HEADER;
  return chunks(nlri, room).map(build);
}

/** The longest possible runs that fit. */
function chunks(nlri: readonly Nlri[], room: number): Nlri[][] {
  const all: Nlri[][] = [];
  let chunk: Nlri[] = [];
  let left = 0;
  for (const one of nlri) {
    const length = nlriLength(one);
    if (length > left) {
      if (length > room) throw new RangeError(`the attributes leave ${room} bytes, ${one.prefix} needs ${length}`);
      chunk = [];
      all.push(chunk);
      left = room;
    }
    chunk.push(one);
    left -= length;
  }
  return all;
}
