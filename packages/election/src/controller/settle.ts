import { compareEpochs } from "../epoch.ts";
import type { GroupId, Holding } from "../group.ts";
import { assign, disown, isRevoked, lookAgain, revoke } from "./assignment.ts";
import { continueHandOver, startHandOver } from "./hand-over.ts";
import { canCarry, candidateOf, isFit, pick } from "./ranking.ts";
import {
  type ControllerContext,
  detectionMs,
  type Group,
  keeps,
  nextEpoch,
  type Owner,
  type Speaker,
} from "./state.ts";

/** Decides about every group that an event has touched, ordered by key: what one gets counts as load for the next. */
export function settleAll(context: ControllerContext): void {
  const { state } = context;
  if (state.unsettled.size === 0) return;
  const ids = state.role === "leader" && state.isSynced ? [...state.unsettled].sort() : [];
  state.unsettled.clear();
  for (const id of ids) {
    const group = state.groups.get(id);
    if (group) settle(context, group);
    revokeStrays(context, id, group);
  }
}

function settle(context: ControllerContext, group: Group): void {
  if (group.handOver && group.owner && continueHandOver(context, group, group.handOver)) return;
  // Giving a hand-over up is a decision, too.
  if (group.owner) keep(context, group, group.owner);
  else found(context, group);
}

/** Nobody owns the group: whoever answers, else whoever did, else the best. */
function found(context: ControllerContext, group: Group): void {
  const { state, config, now } = context;
  state.wanting.add(group.id);
  if (now < state.leadingSince + config.timers.tickMs) return;
  const answering = latestHolder(context, group.id, ({ state: name }) => name === "owner" || name === "leaving");
  if (answering && candidateOf(group, answering.node)) {
    assign(context, group, answering, "adopted");
    return;
  }
  if (answering) {
    expel(context, group, answering);
    return;
  }
  if (!group.isFresh && now < waitsUntil(context)) return;
  const silent = latestHolder(context, group.id, () => true);
  const candidate = silent && candidateOf(group, silent.node);
  const resumed = candidate && isFit(context, group, candidate);
  const next = resumed ?? pick(context, group);
  if (next) assign(context, group, next, resumed ? "resumed" : "ranked");
}

/** Whoever answers may not: the next one, else nobody. */
function expel(context: ControllerContext, group: Group, holder: Speaker): void {
  if (!isRevoked(context, holder, group.id)) revoke(context, holder, group.id, nextEpoch(context.state));
  const next = pick(context, group, { avoid: holder.node });
  if (next) assign(context, group, next, "notPermitted");
}

/** How long a group without a holder waits for speakers that may hold it. */
export function waitsUntil({ state, config }: ControllerContext): number {
  const { startHoldMs, unknownStartHoldMs } = config.timers;
  if (!keeps(config, "startHold")) return state.leadingSince;
  if (state.awaited.size > 0) return state.leadingSince + startHoldMs;
  if (state.expected.size === 0) return state.leadingSince + unknownStartHoldMs;
  return state.leadingSince + detectionMs(config);
}

function latestHolder(
  { state }: ControllerContext,
  id: GroupId,
  counts: (holding: Holding) => boolean,
): Speaker | undefined {
  let best: { readonly speaker: Speaker; readonly holding: Holding } | undefined;
  for (const speaker of state.holders.get(id) ?? []) {
    const holding = speaker.holdings.get(id);
    if (!speaker.live || !holding || !counts(holding)) continue;
    const order = best ? compareEpochs(holding.epoch, best.holding.epoch) : 1;
    if (order > 0 || (order === 0 && best && speaker.node < best.speaker.node)) best = { speaker, holding };
  }
  return best?.speaker;
}

/** The group has an owner, who keeps it as long as it is permitted and able. */
function keep(context: ControllerContext, group: Group, owner: Owner): void {
  const { state, config, now } = context;
  const speaker = state.speakers.get(owner.node);
  const candidate = candidateOf(group, owner.node);
  if (!speaker) return;
  if (!candidate) {
    if (!replace(context, group, speaker, "notPermitted")) disown(context, group, "notPermitted");
    if (!group.owner) state.wanting.add(group.id);
    return;
  }
  const reason = speaker.live ? "ownerUnable" : "ownerDead";
  if (!speaker.live || !canCarry(group, candidate, speaker)) {
    if (!replace(context, group, speaker, reason)) state.wanting.add(group.id);
    return;
  }
  if (!owner.acked) {
    if (keeps(config, "unacknowledged")) awaitAck(context, group, speaker, owner);
    return;
  }
  if (speaker.stream === undefined) return;
  if (repair(context, group, speaker, owner)) return;
  if (speaker.draining) {
    const to = pick(context, group, { avoid: owner.node });
    if (to) startHandOver(context, group, to, "drain");
    else state.wanting.add(group.id);
    return;
  }
  state.wanting.delete(group.id);
  prefer(context, group, candidate.preference, now);
}

/** Fencing: on the wire the loss comes first, and nobody waits for an answer of the dead. */
function replace(
  context: ControllerContext,
  group: Group,
  old: Speaker,
  reason: "ownerDead" | "ownerUnable" | "notPermitted" | "unacknowledged",
): boolean {
  const next = pick(context, group, { avoid: old.node });
  if (!next) return false;
  revoke(context, old, group.id, nextEpoch(context.state));
  assign(context, group, next, reason);
  return true;
}

/** An owner that is heard and doesn't acknowledge can't announce: another one may. */
function awaitAck(context: ControllerContext, group: Group, speaker: Speaker, owner: Owner): void {
  const { config, now, effects } = context;
  if (speaker.stream !== undefined && speaker.stream !== owner.toldOn) {
    // The Assign has died with its stream, or the Ack.
    assign(context, group, speaker, "repaired");
    return;
  }
  const due = Math.max(owner.assignedAt, speaker.ackingSince) + detectionMs(config);
  const isHeard = now - speaker.last < 2 * config.timers.intervalMs && speaker.stream !== undefined;
  if (now < due || !isHeard) {
    lookAgain(context, group.id, now < due ? due : now + config.timers.intervalMs);
    return;
  }
  const holding = speaker.holdings.get(group.id);
  if (holding?.state === "owner" && compareEpochs(holding.epoch, owner.epoch) < 0) {
    // It answers by an earlier decision, and has not taken this one in: too late for its echo, say, after a stall at
    // either end. Nobody goes without, so a move would be for nothing.
    assign(context, group, speaker, "repaired");
    return;
  }
  const repeats = speaker.unacknowledged.note(now);
  if (repeats !== undefined) {
    effects.push({
      type: "log",
      level: "warn",
      message: "assignment not acknowledged",
      fields: { group: group.id, node: speaker.node, ...(repeats > 0 && { repeats }) },
    });
  }
  group.failed.set(speaker.node, now + config.timers.failedMs);
  if (!replace(context, group, speaker, "unacknowledged")) assign(context, group, speaker, "unacknowledged");
}

/** The owner reports something else than `owner`: tells it again. Without a firm lease a yield is not fought. */
function repair(context: ControllerContext, group: Group, speaker: Speaker, owner: Owner): boolean {
  const { state, config, now } = context;
  const holding = speaker.holdings.get(group.id);
  if (holding?.state === "owner") return false;
  // Told on an earlier stream: what the Hello doesn't list isn't under way either.
  const due = speaker.stream === owner.toldOn ? owner.assignedAt + 2 * detectionMs(config) : now;
  if (now < due) lookAgain(context, group.id, due);
  else if (state.firm || !holding || holding.state === "verify") assign(context, group, speaker, "repaired");
  return true;
}

/** A strictly preferred node takes over once it has proved itself. */
function prefer(context: ControllerContext, group: Group, preference: number, now: number): void {
  const { state } = context;
  state.preferring.delete(group.id);
  if (!group.spec.candidates.some((other) => other.preference > preference)) return;
  state.preferring.add(group.id);
  if (now < group.preferFrom) {
    lookAgain(context, group.id, group.preferFrom);
    return;
  }
  const to = pick(context, group, { abovePreference: preference });
  if (to) startHandOver(context, group, to, "preference");
}

/** Whoever holds what is not its to hold is told so, again and again; without a firm lease only whoever answers. */
function revokeStrays(context: ControllerContext, id: GroupId, group: Group | undefined): void {
  const { state } = context;
  for (const speaker of state.holders.get(id) ?? []) {
    const { owner, handOver } = group ?? {};
    const holding = speaker.holdings.get(id);
    if (!holding || !speaker.live || speaker.stream === undefined) continue;
    if ((group && !owner) || speaker.node === owner?.node || speaker.node === handOver?.to) continue;
    if (!state.firm && holding.state !== "owner" && holding.state !== "leaving") continue;
    if (isRevoked(context, speaker, id)) continue;
    const isNewer = owner !== undefined && compareEpochs(owner.epoch, holding.epoch) >= 0;
    revoke(context, speaker, id, isNewer ? owner.epoch : nextEpoch(state));
  }
}
