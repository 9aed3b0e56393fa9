import type { Epoch } from "../epoch.ts";
import type { GroupId } from "../group.ts";
import type { Assign, ControllerMessage, Leave } from "../message.ts";
import type { OwnerReason } from "./event.ts";
import { type ControllerContext, detectionMs, type Group, nextEpoch, type Speaker } from "./state.ts";

/** Puts a message into a speaker's stream, if it has one. */
export function tell({ effects }: ControllerContext, speaker: Speaker | undefined, message: ControllerMessage): void {
  if (speaker?.stream !== undefined) effects.push({ type: "send", stream: speaker.stream, message });
}

// A speaker whose answers take so long for good is one that cannot own anything.
const MOST_STALE_TOLD = 3;

/** Repeats an order that came too late to be obeyed; the time to acknowledge it begins anew, but not for ever. */
export function tellAgain(
  context: ControllerContext,
  told: { staleTold: number },
  speaker: Speaker,
  order: Assign | Leave,
): void {
  if (told.staleTold >= MOST_STALE_TOLD) return;
  told.staleTold++;
  speaker.ackingSince = context.now;
  tell(context, speaker, order);
}

/** Looks at the group again at that time, or before. */
export function lookAgain({ state, now }: ControllerContext, id: GroupId, at: number): void {
  const group = state.groups.get(id);
  if (group && group.nextLook > now && group.nextLook <= at) return;
  if (group) group.nextLook = at;
  state.schedule.add(at, { type: "group", group: id });
}

/** Tells a speaker to stop answering; the Holdings in which it does so may be under way. */
export function revoke(context: ControllerContext, speaker: Speaker | undefined, id: GroupId, epoch: Epoch): void {
  if (speaker?.stream === undefined) return;
  tell(context, speaker, { type: "revoke", group: id, epoch });
  speaker.revokedAt.set(id, context.now);
  lookAgain(context, id, context.now + detectionMs(context.config));
}

/** Whether Revoke was sent to the speaker less than D ago. */
export const isRevoked = ({ config, now }: ControllerContext, { revokedAt }: Speaker, id: GroupId): boolean =>
  now - (revokedAt.get(id) ?? Number.NEGATIVE_INFINITY) < detectionMs(config);

/** Makes a speaker the owner by a new decision. */
export function assign(context: ControllerContext, group: Group, speaker: Speaker, reason: OwnerReason): void {
  const epoch = nextEpoch(context.state);
  own(context, group, speaker, { epoch, reason, acked: false });
  tell(context, speaker, { type: "assign", group: group.id, epoch, echo: speaker.echo });
  lookAgain(context, group.id, context.now + detectionMs(context.config));
}

/** Notes who owns the group from now on. */
export function own(
  context: ControllerContext,
  group: Group,
  speaker: Speaker,
  { epoch, reason, acked }: { readonly epoch: Epoch; readonly reason: OwnerReason; readonly acked: boolean },
): void {
  const { state, effects, now } = context;
  const before = group.owner?.node;
  if (before !== undefined) state.speakers.get(before)?.owned.delete(group.id);
  group.owner = { node: speaker.node, epoch, assignedAt: now, toldOn: speaker.stream, acked, staleTold: 0 };
  group.isFresh = false;
  speaker.owned.add(group.id);
  state.wanting.delete(group.id);
  speaker.revokedAt.delete(group.id);
  effects.push({ type: "owner", group: group.id, node: speaker.node, epoch, reason });
}

/** Takes the group from its owner without giving it to anybody. */
export function disown(context: ControllerContext, group: Group, reason: OwnerReason): void {
  const { state, effects } = context;
  if (!group.owner) return;
  const epoch = nextEpoch(state);
  const speaker = state.speakers.get(group.owner.node);
  speaker?.owned.delete(group.id);
  revoke(context, speaker, group.id, epoch);
  group.owner = undefined;
  effects.push({ type: "owner", group: group.id, node: undefined, epoch, reason });
}
