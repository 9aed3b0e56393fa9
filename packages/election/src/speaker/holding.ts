import { familyOf } from "@heraldlb/net";
import { formatEpoch } from "../epoch.ts";
import type { Holding, HoldingChange, HoldingState } from "../group.ts";
import { allowsInterface, carriesFamily } from "../link.ts";
import type { AnswerMode } from "./event.ts";
import type { GroupDue, SpeakerContext, SpeakerGroup } from "./state.ts";

const ANSWERS: Readonly<Record<HoldingState | "none", AnswerMode>> = {
  none: "none",
  verify: "none",
  owner: "all",
  leaving: "requests",
  yielded: "none",
};

/** How the shell answers for a group in this state. */
export const answerMode = (state: HoldingState | "none"): AnswerMode => ANSWERS[state];

/** Moves a group to another state: on the wire first, then in the report to the controllers and in the state folder. */
export function become(
  context: SpeakerContext,
  group: SpeakerGroup,
  next: HoldingState | "none",
  reason: string,
): void {
  const { state, effects, now } = context;
  const before = group.state;
  if (before === next) return;
  group.state = next;
  group.stint++;
  group.announcing = undefined;
  group.ack = undefined;
  group.conflictSince = undefined;
  group.probing = false;
  group.impatient = false;
  group.lingering = false;
  if (next !== "yielded") group.conflictMac = undefined;
  if (before !== "none") state.byState[before].delete(group);
  if (next !== "none") state.byState[next].add(group);
  state.toVerify.delete(group);
  if (ANSWERS[before] !== ANSWERS[next]) effects.push({ type: "answer", group: group.id, mode: ANSWERS[next] });
  state.changedHoldings.add(group);
  state.unsaved.add(group.id);
  enter(context, group, now);
  effects.push({
    type: "log",
    level: "info",
    message: "ownership changed",
    fields: {
      group: group.id,
      from: before,
      to: next,
      reason,
      epoch: formatEpoch(group.epoch),
      authority: state.authority,
      ...(group.conflictMac && { rival: group.conflictMac }),
    },
  });
}

function enter(context: SpeakerContext, group: SpeakerGroup, now: number): void {
  const { state, config } = context;
  if (group.state === "owner") planRefresh(context, group);
  if (group.state === "yielded") {
    group.claimedAt = now;
    if (state.authority === 0) schedule(state.schedule, now + config.timers.yieldedProbeMs, "yieldedProbe", group);
  }
  if (group.state !== "verify") return;
  if (state.authority === 0) state.toVerify.add(group);
  else schedule(state.schedule, now + state.detectionMs + config.timers.verifyHoldMs, "verifyHold", group);
}

/** Puts something on the schedule that is void once the group has changed its state. */
export function schedule(
  due: SpeakerContext["state"]["schedule"],
  at: number,
  type: GroupDue,
  group: SpeakerGroup,
): void {
  due.add(at, { type, group, stint: group.stint });
}

/** Becomes the owner, and tells the segment: the first round at once, the others by schedule. */
export function takeOver(context: SpeakerContext, group: SpeakerGroup, reason: string): void {
  const { state, config, now } = context;
  become(context, group, "owner", reason);
  group.announcing = group.epoch;
  announce(context, group, true);
  // A link that comes up later has rounds of its own.
  if (!hasUsableLink(context, group)) return;
  for (const after of config.timers.roundsMs) schedule(state.schedule, now + after, "round", group);
}

/** Has an owner's announcements repeated after a series of rounds that begins now. */
export function planRefresh(context: SpeakerContext, group: SpeakerGroup): void {
  refreshAfter(context, group, context.config.timers.roundsMs.at(-1) ?? 0);
}

/** Another round that nothing has happened for, if the group is to have such, and the next one is planned. */
export function onRefresh(context: SpeakerContext, group: SpeakerGroup): void {
  if (context.now < group.refreshAt || group.refreshMs === undefined) return;
  onRound(context, group);
  refreshAfter(context, group, 0);
}

function refreshAfter({ state, now }: SpeakerContext, group: SpeakerGroup, delayMs: number): void {
  if (group.refreshMs === undefined) return;
  group.refreshAt = now + delayMs + group.refreshMs;
  schedule(state.schedule, group.refreshAt, "refresh", group);
}

/** A round after the first one. What was never on the wire has yet to be acknowledged. */
export function onRound(context: SpeakerContext, group: SpeakerGroup): void {
  announce(context, group, group.announcing !== undefined);
}

/** One gratuitous round of the group on all its interfaces. */
export function announce({ effects }: SpeakerContext, group: SpeakerGroup, confirm = false): void {
  const epoch = confirm ? (group.announcing ?? group.epoch) : group.epoch;
  effects.push({ type: "announce", group: group.id, epoch, interfaces: "all", confirm });
}

/** Whether any of the group's addresses can be announced anywhere now. */
export function hasUsableLink({ state }: SpeakerContext, group: SpeakerGroup): boolean {
  return group.addresses.some(({ address, interfaces }) => {
    const family = familyOf(address);
    for (const link of state.links.values()) {
      if (allowsInterface(interfaces, link.name) && carriesFamily(link, family)) return true;
    }
    return false;
  });
}

/** The group as a Hello lists it. */
export function holding(group: SpeakerGroup, state: HoldingState): Holding {
  const { id, epoch, conflictMac } = group;
  return { group: id, epoch, state, ...(conflictMac && { conflictMac }) };
}

/** The group as a change of the holdings. */
export function holdingChange(group: SpeakerGroup): HoldingChange {
  const { id, epoch, state, conflictMac } = group;
  return { group: id, epoch, state, ...(conflictMac && { conflictMac }) };
}
