import { type InForce, type ResolvedPeer, resolveBgp } from "@heraldlb/config";

/**
 * The passwords that routers have, or had before their Secrets were deleted or broken: no edit of a Secret closes a
 * session. A standby notes them too, for when it leads. Of a router that is gone, or wants none, nothing is kept.
 */
export class PeerPasswords {
  #known: ReadonlyMap<string, string> = new Map();

  /** Takes note of all routers that are in force. */
  noteAll(inForce: Iterable<InForce>): void {
    this.note(resolveBgp(inForce).peers);
  }

  /** The same, for who has them resolved. */
  note(peers: readonly ResolvedPeer[]): void {
    this.#known = new Map(
      peers.flatMap((resolved) => {
        const text = this.of(resolved);
        return text ? [[resolved.peer.metadata.name, text]] : [];
      }),
    );
  }

  /** A router's password, empty if it wants none; undefined if it wants one that was never known. */
  of({ peer, password }: ResolvedPeer): string | undefined {
    switch (password.type) {
      case "none":
        return "";
      case "known":
        return password.text;
      case "missing":
        return this.#known.get(peer.metadata.name);
    }
  }
}
