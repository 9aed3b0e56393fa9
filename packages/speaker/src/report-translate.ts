import { BgpSessionState, type Report } from "@heraldlb/api";
import type { PeerReport, WireReport } from "./report.ts";

const STATES: { readonly [S in PeerReport["state"]]: BgpSessionState } = {
  down: BgpSessionState.DOWN,
  established: BgpSessionState.ESTABLISHED,
  gone: BgpSessionState.GONE,
};

/** A report in its form on the wire. */
export const toReport = ({ groups, peers, routes, complete }: WireReport): Report => ({
  groups: groups.map(({ group, interfaces }) => ({ group, interfaces: [...interfaces] })),
  conflicts: [],
  bgpPeers: peers.map(({ name, state, reason }) => ({ name, state: STATES[state], reason })),
  bgpRoutes: routes.map(({ route, peers }) => ({ route, peers: [...peers] })),
  complete,
});
