import type { Prefix } from "@heraldlb/net";
import type { BgpSpeaker } from "./bgp/bgp-speaker.ts";
import type { PeerSession } from "./bgp/peer-session.ts";
import type { BgpFacts, BgpListener, PeerReport } from "./report.ts";

/** What is known of a session. */
interface Known {
  readonly isUp: boolean;
  readonly isConverged: boolean;
  /** Since it is up the router has been told everything, once at least. */
  readonly isTold: boolean;
  readonly reason: string;
}

/** What the sessions of a {@link BgpSpeaker} have on the wire, and when that changes. */
export class BgpReports implements BgpFacts {
  readonly #speaker: Pick<BgpSpeaker, "sessions" | "routeIds" | "hearers" | "prefixHeard">;
  readonly #listener: BgpListener;
  readonly #known = new Map<string, Known>();

  constructor(speaker: Pick<BgpSpeaker, "sessions" | "routeIds" | "hearers" | "prefixHeard">, listener: BgpListener) {
    this.#speaker = speaker;
    this.#listener = listener;
  }

  get peers(): Iterable<string> {
    return this.#known.keys();
  }

  get routes(): Iterable<string> {
    return this.#known.values().some(({ isUp }) => isUp) ? this.#speaker.routeIds : [];
  }

  peer(name: string): PeerReport {
    const known = this.#known.get(name);
    if (!known) return { name, state: "gone", reason: "" };
    return { name, state: known.isTold ? "established" : "down", reason: known.reason };
  }

  hearers(route: string): readonly string[] {
    return this.#speaker.hearers(route);
  }

  prefixHeard(route: string): Prefix | undefined {
    return this.#speaker.prefixHeard(route);
  }

  /** A session is new, or something about it may have changed. */
  sessionChanged(session: PeerSession): void {
    const { state, isConverged, trouble } = session;
    const { name } = session.peer;
    // One that is ended for good has nothing to say any more.
    if (this.#speaker.sessions.get(name) !== session) return;
    const before = this.#known.get(name);
    const isUp = state === "established";
    const isTold = isUp && (isConverged || before?.isTold === true);
    const reason = (!isUp && trouble) || "";
    this.#known.set(name, { isUp, isConverged, isTold, reason });
    if (isTold !== before?.isTold || reason !== before.reason) this.#listener.peerChanged(name);
    const hasCaughtUp = isConverged && !before?.isConverged;
    if (hasCaughtUp || (before?.isUp && !isUp)) this.#listener.routesChanged(this.#speaker.routeIds);
  }

  /** A router is not wanted any more. */
  peerGone(name: string): void {
    const before = this.#known.get(name);
    if (!this.#known.delete(name)) return;
    this.#listener.peerChanged(name);
    if (before?.isUp) this.#listener.routesChanged(this.#speaker.routeIds);
  }
}
