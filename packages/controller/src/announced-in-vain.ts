import type { Reach } from "./definitions.ts";
import type { Reports } from "./reports.ts";
import type { Outages } from "./reports-outages.ts";

/** Why none of the nodes that are to announce a Service by one protocol can, and which nodes they are; in order. */
export type InVain =
  | { readonly reason: "interfacesMissing"; readonly nodes: readonly string[] }
  /** `wasHeard`: some of them had a speaker once. */
  | { readonly reason: "noSpeaker"; readonly nodes: readonly string[]; readonly wasHeard: boolean }
  /** `peers`: the BGPPeers that are to hear of it; in order. */
  | { readonly reason: "noSession"; readonly nodes: readonly string[]; readonly peers: readonly string[] };

/** How a Service that no node answers for is to be announced. */
export interface Means {
  /** By layer 2: the nodes that may, and where each may. */
  readonly reach: Reach;
  /** By BGP: the nodes that have its routes, and the BGPPeers that are to hear of them. */
  readonly hearers: ReadonlyMap<string, ReadonlySet<string>>;
  /** Some router hears of it. */
  readonly isRouted: boolean;
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
type Outlook = "unmeant" | "able" | "unsure" | InVain;

/**
 * Says why no node announces a Service that some should; nothing if one can be expected to, and undefined if that is
 * not known yet: speakers and sessions that have not been missing for long may return. As long as there is no speaker at
 * all, nothing is said of any Service.
 */
export function announcedInVain(
  { reach, hearers, isRouted }: Means,
  announcers: Announcers,
): readonly InVain[] | undefined {
  if (announcers.speakers.size === 0) return [];
  const outlooks = [byLayer2(reach, announcers), isRouted ? "able" : byBgp(hearers, announcers)];
  const found = outlooks.filter((outlook) => typeof outlook === "object");
  // What an advertisement names and no node has is wrong, whoever else announces.
  if (outlooks.includes("able")) return found.filter(({ reason }) => reason === "interfacesMissing");
  if (outlooks.includes("unsure")) return undefined;
  return found.filter(({ reason }, index) => found.findIndex((other) => other.reason === reason) === index);
}

function byLayer2(reach: Reach, announcers: Announcers): Outlook {
  const prospect = (node: string, { interfaces }: { readonly interfaces: "all" | readonly string[] }) => {
    if (announcers.speakers.has(node) && announcers.reports.lacks(node, interfaces)) return "lacking";
    return prospectOf(node, announcers);
  };
  return outlook(reach, prospect, (nodes) => ({ reason: "interfacesMissing", nodes }));
}

function byBgp(hearers: Means["hearers"], announcers: Announcers): Outlook {
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
  lacking: (nodes: readonly string[]) => InVain,
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
