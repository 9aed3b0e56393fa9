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

/** Whether a permitted node may take the group over now: it can, is heard, and is not about to go. */
export function isFit(context: ControllerContext, group: Group, candidate: Candidate): Speaker | undefined {
  const { state, config, now } = context;
  const speaker = state.speakers.get(candidate.node);
  if (!speaker?.live || speaker.stream === undefined || speaker.draining) return undefined;
  if (now - speaker.last >= detectionMs(config)) return undefined;
  return canCarry(group, candidate, speaker) ? speaker : undefined;
}

/** What a new owner must be besides fit. */
export interface Wish {
  /** Anybody but this one. */
  readonly avoid?: NodeName;
  /** Only those preferred to this, and fit for so long that they may take over without need. */
  readonly abovePreference?: number;
}

/** The node has just not acknowledged the group, for whatever reason. */
const hasFailed = ({ now }: ControllerContext, { failed }: Group, node: NodeName): boolean =>
  (failed.get(node) ?? now) > now;

/**
 * The node that should get the group: one that has not just failed, then the highest preference, then the least load,
 * then the lowest score. One that has failed is better than nobody, but nothing to prefer to an owner.
 *
 * Load counts what a node owns and what is on its way to it. With that the cap of 1.25 times the fair share never
 * decides anything: when any node is below it, the least loaded one is.
 */
export function pick(context: ControllerContext, group: Group, wish: Wish = {}): Speaker | undefined {
  const { config, now } = context;
  let best: Choice | undefined;
  for (const candidate of group.spec.candidates) {
    if (candidate.node === wish.avoid) continue;
    if (wish.abovePreference !== undefined && candidate.preference <= wish.abovePreference) continue;
    const speaker = isFit(context, group, candidate);
    if (!speaker) continue;
    const failed = hasFailed(context, group, candidate.node);
    if (wish.abovePreference !== undefined && (failed || now - speaker.fitSince < config.timers.preferAfterMs))
      continue;
    const choice: Choice = { candidate, speaker, failed };
    if (!best || isBetter(choice, best)) best = choice;
  }
  return best?.speaker;
}

interface Choice {
  readonly candidate: Candidate;
  readonly speaker: Speaker;
  readonly failed: boolean;
}

function isBetter(a: Choice, b: Choice): boolean {
  if (a.failed !== b.failed) return b.failed;
  const [ours, theirs] = [a.candidate, b.candidate];
  if (ours.preference !== theirs.preference) return ours.preference > theirs.preference;
  const [aLoad, bLoad] = [load(a.speaker), load(b.speaker)];
  if (aLoad !== bLoad) return aLoad < bLoad;
  return ours.score !== theirs.score ? ours.score < theirs.score : ours.node < theirs.node;
}

const load = ({ owned, incoming }: Speaker): number => owned.size + incoming.size;
