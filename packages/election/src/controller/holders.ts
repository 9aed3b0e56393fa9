import type { GroupId, Holding, HoldingChange } from "../group.ts";
import type { Hello, Holdings } from "../message.ts";
import type { ControllerContext, Speaker } from "./state.ts";

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

// For a moment of a hand-over two nodes answer: only a rival that is no node is worth a warning.
function noteConflict({ state, effects }: ControllerContext, speaker: Speaker, change: HoldingChange): void {
  const { group, conflictMac } = change;
  if (!conflictMac || speaker.holdings.get(group)?.conflictMac === conflictMac) return;
  const rivalNode = state.speakers.values().find(({ links }) => links.some(({ mac }) => mac === conflictMac))?.node;
  effects.push({
    type: "log",
    level: rivalNode ? "info" : "warn",
    message: "address claimed by another",
    fields: { group, node: speaker.node, rival: conflictMac, state: change.state, ...(rivalNode && { rivalNode }) },
  });
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
