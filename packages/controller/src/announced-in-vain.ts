import { type Family, familyOf, type Ip } from "@heraldlb/net";
import type { Reach } from "./definitions.ts";
import type { Reports } from "./reports.ts";
import type { Outages } from "./reports-outages.ts";

/** Why none of the nodes that are to announce a Service by one protocol can, and which nodes they are; in order. */
type Lack =
  | { readonly reason: "interfacesMissing"; readonly nodes: readonly string[] }
  /** `wasHeard`: some of them had a speaker once. */
  | { readonly reason: "noSpeaker"; readonly nodes: readonly string[]; readonly wasHeard: boolean }
  /** `peers`: the BGPPeers that are to hear of it; in order. */
  | { readonly reason: "noSession"; readonly nodes: readonly string[]; readonly peers: readonly string[] };

/** Why nobody announces a Service. `family`: the only one of its two families that this is about. */
export type InVain = Lack & { readonly family?: Family | undefined };

/** The nodes that have routes of a Service, and the BGPPeers that are to hear of them. */
type Hearers = ReadonlyMap<string, ReadonlySet<string>>;

/** How a Service that no node answers for is to be announced. */
export interface Means {
  /** By layer 2: the nodes that may, and where each may. */
  readonly reach: Reach;
  /** By BGP: the families of its addresses that routers are to hear of, and by whom; `heard`: some router hears of them. */
  readonly routes: ReadonlyMap<Family, Hearers | "heard">;
}

/** By which families of its addresses routers are to hear of a Service, as {@link Means} have it. */
export function routesByFamily(
  addresses: readonly Ip[],
  of: { readonly heard: ReadonlySet<Family>; hearersOf(family: Family): Hearers },
): Means["routes"] {
  const routes = new Map<Family, Hearers | "heard">();
  for (const family of new Set(addresses.map(familyOf))) {
    const by = of.heard.has(family) ? "heard" : of.hearersOf(family);
    if (by === "heard" || by.size > 0) routes.set(family, by);
  }
  return routes;
}

/** What is known of those who announce. */
export interface Announcers {
  /** Nodes that ever had a speaker. */
  readonly speakers: ReadonlySet<string>;
  readonly reports: Pick<Reports, "lacks" | "isKnown" | "session">;
  readonly outages: Pick<Outages, "isSpeakerMissing" | "isSessionMissing">;
}

/** What can be expected of a node; `lacking`: it has a speaker and not what that needs; `never`: it never had one. */
type Prospect = "able" | "unsure" | "lacking" | "lost" | "never";

/** The same of all nodes by one protocol; `unmeant`: there are none. */
type Outlook = "unmeant" | "able" | "unsure" | Lack;

/**
 * Says why no node announces a Service that some should, or its addresses of one family; nothing if one can be expected
 * to, and undefined if that is not known yet: speakers and sessions that have not been missing for long may return. As
 * long as there is no speaker at all, nothing is said of any Service.
 */
export function announcedInVain({ reach, routes }: Means, announcers: Announcers): readonly InVain[] | undefined {
  if (announcers.speakers.size === 0) return [];
  const silent = [...routes].flatMap(([family, by]) => {
    return by === "heard" || byBgp(by, announcers) === "able" ? [] : [{ family, by }];
  });
  const isAble = routes.size > 0 && silent.length === 0;
  const outlooks = [byLayer2(reach, announcers), isAble ? "able" : byBgp(union(silent), announcers)];
  const found = outlooks.filter((outlook) => typeof outlook === "object");
  // What an advertisement names and no node has is wrong, whoever else announces.
  if (outlooks.includes("able")) return found.filter(({ reason }) => reason === "interfacesMissing");
  if (outlooks.includes("unsure")) return undefined;
  const [first] = silent;
  const family = silent.length < routes.size ? first?.family : undefined;
  return found
    .filter(({ reason }, index) => found.findIndex((other) => other.reason === reason) === index)
    .map((lack) => (family && lack.reason !== "interfacesMissing" ? { ...lack, family } : lack));
}

function union(all: readonly { readonly by: Hearers }[]): Hearers {
  const hearers = new Map<string, ReadonlySet<string>>();
  for (const [node, peers] of all.flatMap(({ by }) => [...by])) {
    hearers.set(node, hearers.get(node)?.union(peers) ?? peers);
  }
  return hearers;
}

function byLayer2(reach: Reach, announcers: Announcers): Outlook {
  const prospect = (node: string, { interfaces }: { readonly interfaces: "all" | readonly string[] }) => {
    if (announcers.speakers.has(node) && announcers.reports.lacks(node, interfaces)) return "lacking";
    return prospectOf(node, announcers);
  };
  return outlook(reach, prospect, (nodes) => ({ reason: "interfacesMissing", nodes }));
}

function byBgp(hearers: Hearers, announcers: Announcers): Outlook {
  const { reports, outages } = announcers;
  const prospect = (node: string, peers: ReadonlySet<string>): Prospect => {
    const own = prospectOf(node, announcers);
    if (own !== "able" || peers.values().some((peer) => reports.session(node, peer) === "established")) return own;
    const missing = Array.from(peers, (peer) => outages.isSessionMissing(node, peer));
    return missing.every(Boolean) ? "lacking" : "unsure";
  };
  return outlook(hearers, prospect, () => ({
    reason: "noSession",
    // All of them, lest it be said anew whenever one more speaker goes or comes.
    nodes: [...hearers.keys()].sort(),
    peers: [...new Set([...hearers.values()].flatMap((peers) => [...peers]))].sort(),
  }));
}

function prospectOf(node: string, { speakers, reports, outages }: Announcers): Prospect {
  if (!speakers.has(node)) return "never";
  if (reports.isKnown(node)) return "able";
  return outages.isSpeakerMissing(node) ? "lost" : "unsure";
}

function outlook<T>(
  nodes: ReadonlyMap<string, T>,
  prospect: (node: string, means: T) => Prospect,
  lacking: (nodes: readonly string[]) => Lack,
): Outlook {
  if (nodes.size === 0) return "unmeant";
  const found = new Map<string, Prospect>();
  for (const [node, means] of nodes) {
    const its = prospect(node, means);
    if (its === "able") return "able";
    found.set(node, its);
  }
  const those = (wanted: Prospect) => [...found].flatMap(([node, its]) => (its === wanted ? node : [])).sort();
  if (those("unsure").length > 0) return "unsure";
  if (those("lacking").length > 0) return lacking(those("lacking"));
  return { reason: "noSpeaker", nodes: [...nodes.keys()].sort(), wasHeard: those("lost").length > 0 };
}
