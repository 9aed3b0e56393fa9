import type { GroupId, Holding, HoldingChange } from "../group.ts";
import type { Hello, Holdings } from "../message.ts";
import type { ControllerContext, Speaker } from "./state.ts";

// Of hand-overs with all their repetitions.
const HAND_OVER_MS = 5_000;

/** What a Hello lists replaces all that was known of the speaker. */
export function replaceHoldings(context: ControllerContext, speaker: Speaker, hello: Hello): void {
  const { state } = context;
  const holdings = new Map(hello.holdings.map((holding) => [holding.group, holding]));
  for (const id of speaker.holdings.keys()) if (!holdings.has(id)) letGo(context, speaker, id);
  for (const id of holdings.keys()) addHolder(context, speaker, id);
  for (const id of holdings.keys()) state.unsettled.add(id);
  speaker.holdings = holdings;
  speaker.holdingsRev = hello.holdingsRev;
  speaker.revokedAt.clear();
}

/** Nothing is known any more of what the speaker holds. */
export function forgetHoldings(context: ControllerContext, speaker: Speaker): void {
  for (const id of speaker.holdings.keys()) letGo(context, speaker, id);
  speaker.holdings.clear();
}

/** Takes a change in; returns false if one before it was lost. */
export function changeHoldings(context: ControllerContext, speaker: Speaker, { rev, changed }: Holdings): boolean {
  if (rev !== speaker.holdingsRev + 1) return false;
  speaker.holdingsRev = rev;
  for (const change of changed) {
    if (change.state === "none") {
      speaker.holdings.delete(change.group);
      speaker.revokedAt.delete(change.group);
      letGo(context, speaker, change.group);
    } else {
      noteConflict(context, speaker, change);
      speaker.holdings.set(change.group, { ...change, state: change.state } satisfies Holding);
      addHolder(context, speaker, change.group);
    }
    context.state.unsettled.add(change.group);
  }
  return true;
}

function noteConflict(context: ControllerContext, speaker: Speaker, change: HoldingChange): void {
  const { group, conflictMac } = change;
  if (!conflictMac || speaker.holdings.get(group)?.conflictMac === conflictMac) return;
  const rival = context.state.speakers.values().find(({ links }) => links.some(({ mac }) => mac === conflictMac));
  context.effects.push({
    type: "log",
    level: rival && mayBeHandOver(context, rival, change) ? "info" : "warn",
    message: "address claimed by another",
    fields: {
      group,
      node: speaker.node,
      rival: conflictMac,
      state: change.state,
      ...(rival && { rivalNode: rival.node }),
    },
  });
}

/**
 * For a moment of a hand-over two nodes answer. Of a node that claims what is another's for good something else than
 * its speaker does so, such as its kernel. Only a leader can tell them apart.
 */
function mayBeHandOver(
  { state, now }: ControllerContext,
  rival: Speaker,
  { group, state: held }: HoldingChange,
): boolean {
  if (state.role !== "leader" || held !== "owner" || rival.holdings.has(group)) return true;
  const { owner } = state.groups.get(group) ?? {};
  return !owner || now - owner.assignedAt < HAND_OVER_MS;
}

function addHolder({ state }: ControllerContext, speaker: Speaker, id: GroupId): void {
  const holders = state.holders.get(id);
  if (holders) holders.add(speaker);
  else state.holders.set(id, new Set([speaker]));
}

function letGo({ state }: ControllerContext, speaker: Speaker, id: GroupId): void {
  const holders = state.holders.get(id);
  if (holders?.delete(speaker) && holders.size === 0) state.holders.delete(id);
}
