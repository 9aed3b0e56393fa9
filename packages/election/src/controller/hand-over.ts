import { compareEpochs, formatEpoch } from "../epoch.ts";
import type { Ack } from "../message.ts";
import { assign, lookAgain, own, revoke, tell, tellAgain } from "./assignment.ts";
import { candidateOf, isFit } from "./ranking.ts";
import { type ControllerContext, detectionMs, type Group, type HandOver, nextEpoch, type Speaker } from "./state.ts";

/** Begins a planned move: the old owner goes on answering until the new one has announced itself. */
export function startHandOver(context: ControllerContext, group: Group, to: Speaker, reason: string): void {
  const { state, now, effects } = context;
  const from = group.owner && state.speakers.get(group.owner.node);
  if (!from) return;
  const epoch = nextEpoch(state);
  advance(context, group, { to: to.node, stage: "leaving", at: now, epoch, staleTold: 0 });
  to.incoming.add(group.id);
  tell(context, from, { type: "leave", group: group.id, epoch, echo: from.echo });
  effects.push({
    type: "log",
    level: "info",
    message: "hand-over begun",
    fields: { group: group.id, from: from.node, to: to.node, epoch: formatEpoch(epoch), reason },
  });
}

/** An acknowledgement that may bring the group's hand-over forward. */
export function onHandOverAck(context: ControllerContext, group: Group, from: Speaker, ack: Ack): void {
  const { state, now } = context;
  const { handOver, owner } = group;
  if (!handOver || compareEpochs(handOver.epoch, ack.epoch) !== 0) return;
  if (handOver.stage === "leaving" && ack.kind === "leave" && from.node === owner?.node) {
    const to = state.speakers.get(handOver.to);
    const epoch = nextEpoch(state);
    advance(context, group, { ...handOver, stage: "taking", at: now, epoch, staleTold: 0 });
    tell(context, to, { type: "assign", group: group.id, epoch, echo: to?.echo ?? 0 });
    return;
  }
  if (handOver.stage !== "taking" || ack.kind !== "assign" || from.node !== handOver.to) return;
  const old = owner && state.speakers.get(owner.node);
  drop(context, group);
  own(context, group, from, { epoch: ack.epoch, reason: "handedOver", acked: true });
  revoke(context, old, group.id, ack.epoch);
  state.unsettled.add(group.id);
}

/** An order of the hand-over came too late to be obeyed. */
export function onHandOverStale(context: ControllerContext, group: Group, from: Speaker, ack: Ack): void {
  const { handOver, owner } = group;
  if (!handOver || compareEpochs(handOver.epoch, ack.epoch) !== 0) return;
  const isLeaving = handOver.stage === "leaving";
  if (from.node !== (isLeaving ? owner?.node : handOver.to)) return;
  const type = isLeaving ? "leave" : "assign";
  tellAgain(context, handOver, from, { type, group: group.id, epoch: handOver.epoch, echo: from.echo });
}

/** Gives up a hand-over that has got stuck. Returns whether it still goes on. */
export function continueHandOver(context: ControllerContext, group: Group, handOver: HandOver): boolean {
  const { state, config, now } = context;
  const from = group.owner && state.speakers.get(group.owner.node);
  const to = state.speakers.get(handOver.to);
  const candidate = candidateOf(group, handOver.to);
  const isFitStill = candidate !== undefined && isFit(context, group, candidate) !== undefined;
  const waitsFor = handOver.stage === "leaving" ? from : to;
  const since = Math.max(handOver.at, waitsFor?.ackingSince ?? 0);
  const isStuck = now - since >= detectionMs(config);
  const isOldGone = handOver.stage === "leaving" && !from?.live;
  if (isFitStill && !isStuck && !isOldGone) {
    lookAgain(context, group.id, since + detectionMs(config));
    return true;
  }
  if (handOver.stage === "taking") {
    revoke(context, to, group.id, nextEpoch(state));
    if (isStuck && isFitStill) group.failed.set(handOver.to, now + config.timers.failedMs);
  }
  drop(context, group);
  group.preferFrom = now + config.timers.preferRetryMs;
  if (from?.live) assign(context, group, from, "handOverFailed");
  return false;
}

/** Ends the hand-over, however it ended. */
export function drop({ state }: ControllerContext, group: Group): void {
  if (group.handOver) state.speakers.get(group.handOver.to)?.incoming.delete(group.id);
  group.handOver = undefined;
}

function advance(context: ControllerContext, group: Group, handOver: HandOver): void {
  group.handOver = handOver;
  lookAgain(context, group.id, context.now + detectionMs(context.config));
}
