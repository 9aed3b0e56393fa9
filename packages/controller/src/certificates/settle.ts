import { KubeError } from "@heraldlb/kube";
import type { Logger } from "@heraldlb/runtime";
import { createGeneration } from "./issue.ts";
import { type AuthorityState, dueStep, GENERATION_LIFETIME_MS, promote, retire } from "./rotation.ts";
import { readAuthority, type SecretData, writeAuthority } from "./secret-data.ts";

/** The Secret that an authority is kept in. */
export interface SecretStore {
  /** What is stored; undefined: there is no such Secret. */
  read(): Promise<{ readonly data: SecretData; readonly resourceVersion: string } | undefined>;
  /**
   * Replaces all data of the version that was read, or makes the Secret if none is expected.
   *
   * @throws KubeError 409, or 404, if that is not what is stored any more
   */
  write(data: SecretData, expected: string | undefined): Promise<void>;
}

/** What settling needs. */
export interface SettleDependencies {
  readonly store: SecretStore;
  readonly log: Logger;
  /** Milliseconds since 1970: certificates have dates. */
  wallClock(): number;
}

const MOST_CONFLICTS = 10;

/**
 * Reads the authority's Secret, makes an authority if there is none, does what is due in its life, and resolves to what
 * is stored then. Of several replicas that write at once the first one counts. A Secret that was deleted is written
 * again as it was `known`.
 *
 * @throws DecodeError if the Secret holds anything but an authority: it is left as it is
 * @throws KubeError if the Secret cannot be read or written
 */
export async function settleAuthority(
  known: AuthorityState | undefined,
  { store, log, wallClock }: SettleDependencies,
): Promise<AuthorityState> {
  for (let conflicts = 0; ; conflicts++) {
    const stored = await store.read();
    const now = wallClock();
    const found = readAuthority(stored?.data ?? {});
    const before = found ?? known ?? { current: await createGeneration({ now, lifetimeMs: GENERATION_LIFETIME_MS }) };
    const state = await advance(before, now);
    if (state === found) return state;
    try {
      await store.write(writeAuthority(state, stored?.data ?? {}), stored?.resourceVersion);
    } catch (error) {
      if (!isConflict(error) || conflicts === MOST_CONFLICTS) throw error;
      continue;
    }
    log.info("authority written", {
      isNew: found === undefined,
      expires: new Date(state.current.notAfter).toISOString(),
      hasNext: state.next !== undefined,
      formerUntil: state.former && new Date(state.former.until).toISOString(),
    });
    return state;
  }
}

/** The same state if nothing is due. */
async function advance(state: AuthorityState, now: number): Promise<AuthorityState> {
  switch (dueStep(state, now)) {
    case undefined:
      return state;
    case "retire":
      return advance(retire(state), now);
    case "announce":
      return advance({ ...state, next: await createGeneration({ now, lifetimeMs: GENERATION_LIFETIME_MS }) }, now);
    case "promote":
      return advance(promote(state, now), now);
  }
}

function isConflict(error: unknown): boolean {
  return error instanceof KubeError && (error.status === 409 || error.status === 404);
}
