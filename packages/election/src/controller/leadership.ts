import type { GroupId, NodeName } from "../group.ts";
import { disown, revoke } from "./assignment.ts";
import type { GroupSpec } from "./event.ts";
import { drop } from "./hand-over.ts";
import { waitsUntil } from "./settle.ts";
import { type ControllerContext, type ControllerState, detectionMs, nextEpoch } from "./state.ts";

/** This process decides from now on, with nothing but what the speakers report. */
export function onLead(context: ControllerContext, term: number): void {
  const { state, effects } = context;
  forgetOwners(state);
  state.role = "leader";
  state.term = term;
  state.counter = 0;
  state.firm = true;
  state.highestTerm = Math.max(state.highestTerm, term);
  effects.push({ type: "log", level: "info", message: "leading", fields: { term } });
  if (state.isSynced) begin(context);
}

/** Everything of the source is known. */
export function onSynced(context: ControllerContext): void {
  const { state } = context;
  if (state.isSynced) return;
  state.isSynced = true;
  if (state.role === "leader") begin(context);
}

function begin(context: ControllerContext): void {
  const { state, config, now } = context;
  const { tickMs, startHoldMs, unknownStartHoldMs } = config.timers;
  state.leadingSince = now;
  for (const id of state.groups.keys()) state.wanting.add(id);
  for (const id of state.holders.keys()) state.unsettled.add(id);
  for (const after of [tickMs, detectionMs(config), unknownStartHoldMs, startHoldMs]) {
    state.schedule.add(now + after, { type: "wanting" });
  }
}

/** Another process decides. */
export function onStandby({ state, effects }: ControllerContext): void {
  if (state.role === "leader") {
    effects.push({ type: "log", level: "info", message: "standing by", fields: { term: state.term } });
  }
  state.role = "standby";
  state.firm = false;
  forgetOwners(state);
}

/** Forgets all decisions: they are another leader's to take, or to be taken anew. */
export function forgetOwners(state: ControllerState): void {
  for (const group of state.groups.values()) {
    group.owner = undefined;
    group.handOver = undefined;
    group.isFresh = false;
  }
  for (const speaker of state.speakers.values()) {
    speaker.owned.clear();
    speaker.incoming.clear();
    speaker.revokedAt.clear();
    speaker.isDrained = false;
  }
  state.preferring.clear();
}

/** The lease is surely this process's, or no longer so. */
export function onFirm({ state, effects }: ControllerContext, firm: boolean): void {
  if (state.role !== "leader" || state.firm === firm) return;
  state.firm = firm;
  effects.push({
    type: "log",
    level: firm ? "info" : "warn",
    message: firm ? "lease is firm again" : "lease could not be renewed",
    fields: { term: state.term },
  });
  if (firm) for (const id of state.holders.keys()) state.unsettled.add(id);
}

/** The nodes whose speakers are awaited at a start. */
export function onExpect({ state }: ControllerContext, nodes: readonly NodeName[]): void {
  state.expected = new Set(nodes);
  state.awaited.clear();
  for (const node of nodes) if (!state.speakers.has(node)) state.awaited.add(node);
  for (const id of state.wanting) state.unsettled.add(id);
}

/** A group is new or has changed. */
export function onGroup(context: ControllerContext, spec: GroupSpec): void {
  const { state } = context;
  const known = state.groups.get(spec.id);
  if (known) known.spec = spec;
  else {
    state.groups.set(spec.id, {
      id: spec.id,
      spec,
      isFresh: spec.fresh,
      owner: undefined,
      handOver: undefined,
      failed: new Map(),
      preferFrom: Number.NEGATIVE_INFINITY,
      nextLook: 0,
    });
  }
  state.unsettled.add(spec.id);
  if (state.role === "leader" && state.isSynced && !known && !spec.fresh) {
    state.schedule.add(waitsUntil(context), { type: "group", group: spec.id });
  }
}

/** A group is gone: nobody may answer for it. */
export function onGroupRemoved(context: ControllerContext, id: GroupId): void {
  const { state } = context;
  const group = state.groups.get(id);
  if (!group) return;
  if (state.role === "leader" && group.handOver) {
    revoke(context, state.speakers.get(group.handOver.to), id, nextEpoch(state));
  }
  drop(context, group);
  if (state.role === "leader") disown(context, group, "groupRemoved");
  state.groups.delete(id);
  state.wanting.delete(id);
  state.preferring.delete(id);
  state.unsettled.add(id);
}
