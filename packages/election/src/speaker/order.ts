import { compareEpochs, type Epoch, formatEpoch } from "../epoch.ts";
import type { Ack, AckKind, Assign, Leave, Revoke } from "../message.ts";
import type { OrderErrorReason } from "./event.ts";
import { become, hasUsableLink, takeOver } from "./holding.ts";
import { keeps, type Replica, type SpeakerContext, type SpeakerGroup } from "./state.ts";
import { sendHeartbeat } from "./stream.ts";
import { hearTerm } from "./term.ts";

/** Obeys or refuses what a controller orders about one group. */
export function onOrder(context: SpeakerContext, replica: Replica, order: Assign | Leave | Revoke): void {
  const { state, config, now } = context;
  const holder = replica.reply?.holder ?? "";
  if (order.epoch.term < state.maxTerm || (order.epoch.term === state.maxTerm && holder !== state.termHolder)) {
    refuse(context, replica);
    return;
  }
  hearTerm(context, order.epoch.term, holder);
  const group = state.groups.get(order.group);
  if (!group) {
    onUnknown(context, replica, order);
    return;
  }
  if (compareEpochs(order.epoch, group.epoch) < 0) return;
  if (order.type !== "revoke" && keeps(config, "fresh") && now - order.echo >= state.detectionMs) {
    ignoreStale(context, replica, order);
    return;
  }
  if (compareEpochs(order.epoch, group.epoch) > 0) {
    group.epoch = order.epoch;
    if (group.state !== "none") {
      state.changedHoldings.add(group);
      state.unsaved.add(group.id);
    }
  }
  if (order.type === "assign") onAssign(context, replica, group);
  else if (order.type === "leave") onLeave(context, replica, group);
  else onRevoke(context, replica, group);
}

function onAssign(context: SpeakerContext, replica: Replica, group: SpeakerGroup): void {
  if (group.state === "owner") {
    if (group.announcing && replica.dial !== undefined) group.ack = { dial: replica.dial, epoch: group.epoch };
    else acknowledge(context, replica, "assign", held(group));
    return;
  }
  takeOver(context, group, "assigned");
  if (!hasUsableLink(context, group)) reportError(context, replica, group, "noInterface");
  if (replica.dial !== undefined) group.ack = { dial: replica.dial, epoch: group.epoch };
}

function onLeave(context: SpeakerContext, replica: Replica, group: SpeakerGroup): void {
  // Whoever is silent anyway has nothing to hand over: without an Ack the leader gives the hand-over up.
  if (group.state === "verify" || group.state === "yielded") return;
  if (group.state === "owner") become(context, group, "leaving", "leave");
  acknowledge(context, replica, "leave", held(group));
}

function onRevoke(context: SpeakerContext, replica: Replica, group: SpeakerGroup): void {
  become(context, group, "none", "revoked");
  acknowledge(context, replica, "revoke", held(group));
}

const held = ({ id, epoch }: SpeakerGroup): Pick<Ack, "group" | "epoch"> => ({ group: id, epoch });

/** The kernel would not send the first announcement: the leader finds somebody else, if it does not succeed soon. */
export function onNotSent(context: SpeakerContext, group: SpeakerGroup | undefined, epoch: Epoch): void {
  if (!group?.announcing || compareEpochs(group.announcing, epoch) !== 0) return;
  const replica = group.ack && context.state.dials.get(group.ack.dial);
  if (replica) reportError(context, replica, group, "wire");
}

function reportError(
  { effects }: SpeakerContext,
  replica: Replica,
  { id, epoch }: SpeakerGroup,
  reason: OrderErrorReason,
): void {
  effects.push(
    { type: "orderError", replica: replica.id, group: id, reason },
    { type: "log", level: "warn", message: "not announced", fields: { group: id, epoch: formatEpoch(epoch), reason } },
  );
}

/** The first announcement of a group is on the wire: the Assign that asked for it is in force. */
export function onAnnounced(context: SpeakerContext, group: SpeakerGroup | undefined, epoch: Epoch): void {
  if (!group?.announcing || compareEpochs(group.announcing, epoch) !== 0) return;
  const { ack } = group;
  group.announcing = undefined;
  group.ack = undefined;
  const replica = ack && context.state.dials.get(ack.dial);
  if (replica) acknowledge(context, replica, "assign", held(group));
}

function acknowledge(
  { effects }: SpeakerContext,
  replica: Replica,
  kind: AckKind,
  { group, epoch }: Pick<Ack, "group" | "epoch">,
): void {
  if (replica.dial === undefined) return;
  const message: Ack = { type: "ack", kind, group, epoch };
  effects.push({ type: "send", replica: replica.id, dial: replica.dial, message });
}

function refuse(context: SpeakerContext, replica: Replica): void {
  // The heartbeat tells of the higher term. One a tick does: thousands of orders may come in a row.
  if (context.now - replica.refusedAt < context.config.timers.tickMs) return;
  replica.refusedAt = context.now;
  sendHeartbeat(context, replica);
}

function onUnknown(context: SpeakerContext, replica: Replica, order: Assign | Leave | Revoke): void {
  const { effects } = context;
  if (order.type === "revoke") {
    acknowledge(context, replica, "revoke", order);
    return;
  }
  effects.push(
    { type: "orderError", replica: replica.id, group: order.group, reason: "unknownGroup" },
    {
      type: "log",
      level: "warn",
      message: "order for an undefined group refused",
      fields: { order: order.type, group: order.group, epoch: formatEpoch(order.epoch) },
    },
  );
}

function ignoreStale(context: SpeakerContext, replica: Replica, order: Assign | Leave): void {
  const { state, effects, now } = context;
  acknowledge(context, replica, "stale", order);
  const repeats = state.staleOrders.note(now);
  if (repeats === undefined) return;
  effects.push({
    type: "log",
    level: "warn",
    message: "stale order ignored",
    fields: {
      order: order.type,
      group: order.group,
      epoch: formatEpoch(order.epoch),
      ageMs: Math.round(now - order.echo),
      ...(repeats > 0 && { repeats }),
    },
  });
}
