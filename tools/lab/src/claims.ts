import type { Ip, Mac } from "@heraldlb/net";
import { ipv4FromBytes, ipv6FromBytes, macFromBytes } from "@heraldlb/net";

/** How a host said that an address is its own. */
export type ClaimForm = "arpRequest" | "arpReply" | "advertisement";

/** A frame in which a host said that an address is its own. */
export interface Claim {
  /** `monotonicMs()` when the frame was captured. */
  readonly at: number;
  readonly address: Ip;
  /** The hardware address that was named for it. */
  readonly mac: Mac;
  readonly form: ClaimForm;
  /** `group`: told to everybody, not only to the one who asked. */
  readonly to: "one" | "group";
}

/** An unbroken series of claims by one host. */
export interface Run {
  readonly mac: Mac;
  readonly first: number;
  readonly last: number;
  readonly claims: number;
}

const ETHERNET_HEADER = 14;
const IPV6_HEADER = 40;
const ADVERTISEMENT_FIXED = 24;

/**
 * Reads one captured frame as a claim; undefined if it is none.
 *
 * Own code on purpose, not the codecs under test: an observer that shares their mistakes would not see them.
 */
export function claimOf(frame: Uint8Array, at: number): Claim | undefined {
  if (frame.length < ETHERNET_HEADER) return undefined;
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
  const to = ((frame[0] ?? 0) & 1) === 1 ? "group" : "one";
  switch (view.getUint16(12)) {
    case 0x0806: {
      if (frame.length < ETHERNET_HEADER + 28) return undefined;
      const sender = frame.subarray(28, 32);
      // An ARP probe (RFC 5227) has no sender address: it asks, and claims nothing.
      if (sender.every((byte) => byte === 0)) return undefined;
      const form = view.getUint16(20) === 2 ? "arpReply" : "arpRequest";
      return { at, address: ipv4FromBytes(sender), mac: macFromBytes(frame.subarray(22, 28)), form, to };
    }
    case 0x86dd: {
      const icmp = ETHERNET_HEADER + IPV6_HEADER;
      if (frame.length < icmp + ADVERTISEMENT_FIXED || frame[20] !== 58 || frame[icmp] !== 136) return undefined;
      const mac = targetLinkLayerAddress(frame.subarray(icmp + ADVERTISEMENT_FIXED)) ?? frame.subarray(6, 12);
      const address = ipv6FromBytes(frame.subarray(icmp + 8, icmp + ADVERTISEMENT_FIXED));
      return { at, address, mac: macFromBytes(mac), form: "advertisement", to };
    }
    default:
      return undefined;
  }
}

/** Who claimed, in order: a clean move from one host to another gives two runs, a start of many one. */
export function runsOf(claims: readonly Claim[]): Run[] {
  const runs: Run[] = [];
  for (const { mac, at } of claims) {
    const last = runs.at(-1);
    if (last?.mac === mac) runs[runs.length - 1] = { ...last, last: at, claims: last.claims + 1 };
    else runs.push({ mac, first: at, last: at, claims: 1 });
  }
  return runs;
}

/**
 * For how many milliseconds two hosts claimed the same address at once.
 *
 * A host counts as claiming from one claim to its next if they are at most `patienceMs` apart, so somebody must keep
 * asking at a shorter interval than that. `claims` are those of one address, in order of time.
 */
export function doubleClaimMs(claims: readonly Claim[], patienceMs: number): number {
  const spans = [...Map.groupBy(claims, ({ mac }) => mac).values()].flatMap((own) => spansOf(own, patienceMs));
  spans.sort((a, b) => a.from - b.from);
  let total = 0;
  let covered = Number.NEGATIVE_INFINITY;
  for (const { from, to } of spans) {
    if (from < covered) total += Math.min(covered, to) - from;
    covered = Math.max(covered, to);
  }
  return total;
}

/**
 * How many hosts claim an address as time goes by, at the middle of each step from `from` to `to`. `claims` and
 * `patienceMs` as for {@link doubleClaimMs}.
 */
export function claimantsOverTime(
  claims: readonly Claim[],
  patienceMs: number,
  { from, to, stepMs }: { readonly from: number; readonly to: number; readonly stepMs: number },
): number[] {
  const spans = [...Map.groupBy(claims, ({ mac }) => mac).values()].flatMap((own) => spansOf(own, patienceMs));
  return Array.from({ length: Math.max(0, Math.floor((to - from) / stepMs)) }, (_, i) => {
    const middle = from + (i + 0.5) * stepMs;
    return spans.filter((span) => span.from <= middle && middle <= span.to).length;
  });
}

/** The longest time between one claim and the next, whoever made them. `claims` are those of one address, in order. */
export function longestGapMs(claims: readonly Claim[]): number {
  return claims.reduce((longest, { at }, i) => Math.max(longest, at - (claims[i - 1]?.at ?? at)), 0);
}

function spansOf(claims: readonly Claim[], patienceMs: number): { from: number; to: number }[] {
  const spans: { from: number; to: number }[] = [];
  for (const { at } of claims) {
    const last = spans.at(-1);
    if (last && at - last.to <= patienceMs) last.to = at;
    else spans.push({ from: at, to: at });
  }
  return spans;
}

/** The option of type 2 (RFC 4861 section 4.6.1), if there is one. */
function targetLinkLayerAddress(options: Uint8Array): Uint8Array | undefined {
  for (let offset = 0; offset + 8 <= options.length; ) {
    const length = (options[offset + 1] ?? 0) * 8;
    if (length === 0) return undefined;
    if (options[offset] === 2) return options.subarray(offset + 2, offset + 8);
    offset += length;
  }
  return undefined;
}
