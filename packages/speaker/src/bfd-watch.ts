import type { Interface } from "@heraldlb/link";
import { familyOf, type Ip, isLinkLocal, prefixContains, prefixOf } from "@heraldlb/net";
import { type DesiredSession, sessionKey } from "./bfd/desired-session.ts";
import type { BfdReport } from "./bfd/live-session.ts";
import type { NodePeer } from "./bgp-definitions.ts";

/** The ends of a router's BGP session, as far as they are known: BFD goes between the same addresses. */
export interface SessionEnds {
  readonly local: Ip | undefined;
  readonly remote: Ip | undefined;
}

type Link = Pick<Interface, "name" | "addresses">;

/** Says which routers are to be watched with BFD, and which are lost by what BFD says. */
export class BfdWatch {
  /** Keys of BFD sessions by the name of the peer. Peers at the same address share one. */
  readonly #watched = new Map<string, string>();
  readonly #up = new Set<string>();

  /** The BFD sessions that there should be, for all peers; a peer whose ends are not both known has to wait. */
  watch(
    peers: Iterable<NodePeer>,
    endsOf: (peer: NodePeer) => SessionEnds,
    links: Iterable<Link>,
  ): readonly DesiredSession[] {
    const known = [...links];
    const sessions = new Map<string, DesiredSession>();
    this.#watched.clear();
    for (const peer of peers) {
      const session = sessionOf(peer, endsOf(peer), known);
      if (!session) continue;
      const key = sessionKey(session);
      sessions.set(key, session);
      this.#watched.set(peer.bgp.name, key);
    }
    return [...sessions.values()];
  }

  /** The names of the peers that are lost, since they were up for BFD and are not any more. */
  changed({ session, state, remoteState }: Pick<BfdReport, "session" | "state" | "remoteState">): readonly string[] {
    const key = sessionKey(session);
    if (state === "up") {
      this.#up.add(key);
      return [];
    }
    // Where BFD is turned off, at either end, the router is there all the same (RFC 5882 section 4.2).
    if (!this.#up.delete(key) || state === "adminDown" || remoteState === "adminDown") return [];
    return [...this.#watched].filter(([, watched]) => watched === key).map(([name]) => name);
  }
}

function sessionOf(
  { bfd, bgp }: NodePeer,
  { local, remote }: SessionEnds,
  links: readonly Link[],
): DesiredSession | undefined {
  if (!bfd || !local || !remote || familyOf(local) !== familyOf(remote)) return undefined;
  const isMultihop = mayBeFar(bgp, remote, links);
  const over = isMultihop ? undefined : (bgp.interface ?? interfaceOf(local, links));
  return { local, remote, interface: over, vrf: bgp.vrf, isMultihop, profile: bfd };
}

/** Several hops are asked for, or are to be expected: to an iBGP peer that is on no link of this node. */
function mayBeFar({ isMultiHop, asn, peerAsn }: NodePeer["bgp"], remote: Ip, links: readonly Link[]): boolean {
  if (isMultiHop) return true;
  const isInternal = peerAsn === "internal" || peerAsn === asn;
  return isInternal && !isLinkLocal(remote) && !isOnLink(remote, links);
}

function isOnLink(remote: Ip, links: readonly Link[]): boolean {
  return links.some(({ addresses }) =>
    addresses.some(({ address, prefixLength }) => prefixContains(prefixOf(address, prefixLength), remote)),
  );
}

function interfaceOf(local: Ip, links: readonly Link[]): string | undefined {
  return links.find(({ addresses }) => addresses.some(({ address }) => address === local))?.name;
}
