import type { Ip } from "@heraldlb/net";
import type { BfdControl } from "./control.ts";

/** Between which addresses, and through what, a session's packets go. */
export interface BfdPath {
  readonly local: Ip;
  readonly remote: Ip;
  /** What the packets arrive through; `undefined` where that does not matter. */
  readonly interface?: string | undefined;
  readonly isMultihop: boolean;
}

/** Why a packet belongs to no session. */
export type DemultiplexProblem =
  /** It names a session that there is not. */
  | "unknownDiscriminator"
  /** It names a session between other addresses. */
  | "wrongPath"
  /** It names none, and there is none with that sender. */
  | "unknownSender";

/** Finds the session of a received packet (RFC 5880 section 6.3, RFC 5881 section 3, RFC 5883 section 3). */
export class BfdDemultiplexer<S> {
  readonly #byDiscriminator = new Map<number, { readonly path: BfdPath; readonly session: S }>();
  readonly #byPath = new Map<string, S>();

  /** Enters a session. A discriminator that is taken or 0, or a path that is taken, is the caller's bug: `RangeError`. */
  add(discriminator: number, path: BfdPath, session: S): void {
    const key = keyOf(path);
    if (discriminator === 0 || this.#byDiscriminator.has(discriminator) || this.#byPath.has(key)) {
      throw new RangeError(`discriminator ${discriminator} or path ${key} is taken`);
    }
    this.#byDiscriminator.set(discriminator, { path, session });
    this.#byPath.set(key, session);
  }

  /** Removes a session; does nothing if there is none with that discriminator. */
  remove(discriminator: number): void {
    const entry = this.#byDiscriminator.get(discriminator);
    if (!entry) return;
    this.#byDiscriminator.delete(discriminator);
    this.#byPath.delete(keyOf(entry.path));
  }

  /** Whether a session has that discriminator. */
  has(discriminator: number): boolean {
    return this.#byDiscriminator.has(discriminator);
  }

  /**
   * The session of a packet that arrived on a path, or why there is none. A packet that names a session must also come
   * from where that session's packets come from, so that nobody else can talk into it.
   */
  find(
    { yourDiscriminator }: BfdControl,
    path: BfdPath,
  ): { readonly session: S } | { readonly problem: DemultiplexProblem } {
    if (yourDiscriminator === 0) {
      const session = this.#byPath.get(keyOf(path));
      return session === undefined ? { problem: "unknownSender" } : { session };
    }
    const named = this.#byDiscriminator.get(yourDiscriminator);
    if (!named) return { problem: "unknownDiscriminator" };
    return keyOf(named.path) === keyOf(path) ? { session: named.session } : { problem: "wrongPath" };
  }
}

function keyOf({ local, remote, interface: name = "", isMultihop }: BfdPath): string {
  return `${local} ${remote} ${name} ${isMultihop}`;
}
