import type { Family } from "@heraldlb/net";
import type { AddPath, Capability, GracefulRestart } from "./capability.ts";
import type { Open } from "./open.ts";

/** What the form of messages depends on, once the OPENs have been exchanged. */
export interface CodecOptions {
  /** Whether AS numbers in attributes have four bytes (RFC 6793). */
  readonly fourByteAs: boolean;
  /** Whether messages may exceed 4096 bytes (RFC 8654): what the peer offers counts for sending, ours for receiving. */
  readonly extendedMessage: Directions<boolean>;
  /** Families whose routes carry path identifiers (RFC 7911). */
  readonly addPath: Directions<readonly Family[]>;
  /** Whether IPv4 routes may have an IPv6 next hop (RFC 8950). */
  readonly extendedNextHop: boolean;
  /** Whether the peer is of our AS: LOCAL_PREF and route reflection's attributes come from internal peers only. */
  readonly peer: "internal" | "external";
}

/** One value for what we send, one for what we receive. */
export interface Directions<T> {
  readonly send: T;
  readonly receive: T;
}

/** What two OPENs agree on. */
export interface NegotiatedSession extends CodecOptions {
  /** The smaller of the two; 0 is no keepalives at all. */
  readonly holdSeconds: number;
  /** The peer's. */
  readonly asn: number;
  /** Families that may be exchanged; IPv4 alone if a side does not speak of families (RFC 4760 section 8). */
  readonly families: readonly Family[];
  readonly routeRefresh: boolean;
  /** Both mark the begin and end of a refresh (RFC 7313). */
  readonly enhancedRouteRefresh: boolean;
  /** The peer's offer, if both offer it. */
  readonly gracefulRestart: GracefulRestart | undefined;
}

/** How messages look until the OPENs have been exchanged. */
export const INITIAL_CODEC_OPTIONS: CodecOptions = {
  fourByteAs: false,
  extendedMessage: { send: false, receive: false },
  addPath: { send: [], receive: [] },
  extendedNextHop: false,
  peer: "external",
};

/** What follows from the OPEN that we have sent and the one that the peer has. */
export function negotiate(ours: Open, theirs: Open): NegotiatedSession {
  const both = (type: Capability["type"]) => find(ours, type) !== undefined && find(theirs, type) !== undefined;
  const families = familiesOf(ours).filter((family) => familiesOf(theirs).includes(family));
  const routeRefresh = both("routeRefresh");
  return {
    fourByteAs: both("fourByteAs"),
    extendedMessage: {
      send: find(theirs, "extendedMessage") !== undefined,
      receive: find(ours, "extendedMessage") !== undefined,
    },
    addPath: {
      send: families.filter((family) => adds(ours, family, "send") && adds(theirs, family, "receive")),
      receive: families.filter((family) => adds(ours, family, "receive") && adds(theirs, family, "send")),
    },
    extendedNextHop: takesIpv6NextHops(ours) && takesIpv6NextHops(theirs),
    peer: ours.asn === theirs.asn ? "internal" : "external",
    holdSeconds: Math.min(ours.holdSeconds, theirs.holdSeconds),
    asn: theirs.asn,
    families,
    routeRefresh,
    enhancedRouteRefresh: routeRefresh && both("enhancedRouteRefresh"),
    gracefulRestart: find(ours, "gracefulRestart") && find(theirs, "gracefulRestart"),
  };
}

/** The last one counts if there are several (RFC 4724 section 3). */
function find<T extends Capability["type"]>(
  { capabilities }: Open,
  type: T,
): Extract<Capability, { type: T }> | undefined {
  return capabilities.findLast((one): one is Extract<Capability, { type: T }> => one.type === type);
}

function familiesOf({ capabilities }: Open): readonly Family[] {
  const isOffered = capabilities.some(
    (one) => one.type === "multiprotocol" || (one.type === "unknown" && one.code === 1),
  );
  if (!isOffered) return ["ipv4"];
  const families: readonly Family[] = ["ipv4", "ipv6"];
  return families.filter((family) => capabilities.some((one) => one.type === "multiprotocol" && one.family === family));
}

function adds({ capabilities }: Open, family: Family, mode: AddPath["mode"]): boolean {
  return capabilities.some(
    (one) =>
      one.type === "addPath" &&
      one.entries.some((entry) => entry.family === family && (entry.mode === mode || entry.mode === "both")),
  );
}

function takesIpv6NextHops({ capabilities }: Open): boolean {
  return capabilities.some(
    (one) =>
      one.type === "extendedNextHop" &&
      one.entries.some(({ family, nextHop }) => family === "ipv4" && nextHop === "ipv6"),
  );
}
