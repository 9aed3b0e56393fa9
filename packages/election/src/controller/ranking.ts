import type { NodeName } from "../group.ts";
import { allowsInterface, carriesFamily } from "../link.ts";
import type { Candidate } from "./event.ts";
import { type ControllerContext, detectionMs, type Group, type Speaker } from "./state.ts";

/** The candidate that a node is for the group; undefined when it is not permitted. */
export const candidateOf = ({ spec }: Group, node: NodeName): Candidate | undefined =>
  spec.candidates.find((candidate) => candidate.node === node);

/** Whether the node has, for every family of the group, an allowed interface that is up with carrier. */
export const canCarry = ({ spec }: Group, { interfaces }: Candidate, { links }: Speaker): boolean =>
  spec.families.every((family) => {
    const allowed = interfaces[family];
    return (
      allowed !== undefined && links.some((link) => allowsInterface(allowed, link.name) && carriesFamily(link, family))
    );
  });

/** Whether a permitted node may take the group over now: it can, is heard, is not about to go, and did not just fail. */
export function isFit(context: ControllerContext, group: Group, candidate: Candidate): Speaker | undefined {
  const { state, config, now } = context;
  const speaker = state.speakers.get(candidate.node);
  if (!speaker?.live || speaker.stream === undefined || speaker.draining) return undefined;
  if (now - speaker.last >= detectionMs(config)) return undefined;
  if ((group.failed.get(candidate.node) ?? now) > now) return undefined;
  return canCarry(group, candidate, speaker) ? speaker : undefined;
}

/** What a new owner must be besides fit. */
export interface Wish {
  /** Anybody but this one. */
  readonly avoid?: NodeName;
  /** Only those preferred to this, and fit for so long that they may take over without need. */
  readonly abovePreference?: number;
}

/**
 * The node that should get the group: the highest preference, then the least load, then the lowest score.
 *
 * Load counts what a node owns and what is on its way to it. With that the cap of 1.25 times the fair share never
 * decides anything: when any node is below it, the least loaded one is.
 */
export function pick(context: ControllerContext, group: Group, wish: Wish = {}): Speaker | undefined {
  const { config, now } = context;
  let best: { readonly candidate: Candidate; readonly speaker: Speaker } | undefined;
  for (const candidate of group.spec.candidates) {
    if (candidate.node === wish.avoid) continue;
    if (wish.abovePreference !== undefined && candidate.preference <= wish.abovePreference) continue;
    const speaker = isFit(context, group, candidate);
    if (!speaker) continue;
    if (wish.abovePreference !== undefined && now - speaker.fitSince < config.timers.preferAfterMs) continue;
    if (!best || isBetter(candidate, speaker, best.candidate, best.speaker)) best = { candidate, speaker };
  }
  return best?.speaker;
}

function isBetter(a: Candidate, aSpeaker: Speaker, b: Candidate, bSpeaker: Speaker): boolean {
  if (a.preference !== b.preference) return a.preference > b.preference;
  const [aLoad, bLoad] = [load(aSpeaker), load(bSpeaker)];
  if (aLoad !== bLoad) return aLoad < bLoad;
  return a.score !== b.score ? a.score < b.score : a.node < b.node;
}

const load = ({ owned, incoming }: Speaker): number => owned.size + incoming.size;
