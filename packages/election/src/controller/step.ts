import type { Epoch } from "../epoch.ts";
import type { GroupId, NodeName } from "../group.ts";
import type { Role } from "../message.ts";
import type { ControllerEffect, ControllerEvent } from "./event.ts";
import { forgetOwners, onExpect, onFirm, onGroup, onGroupRemoved, onLead, onStandby, onSynced } from "./leadership.ts";
import { onClosed, onMessage, onOrdersWait, releaseDrained } from "./roster.ts";
import { settleAll, waitsUntil } from "./settle.ts";
import { judge, noticeStall } from "./silence.ts";
import type { ControllerConfig, ControllerContext, ControllerState } from "./state.ts";

/** What one step of the controller's machine comes to. */
export interface ControllerStep {
  readonly state: ControllerState;
  readonly effects: readonly ControllerEffect[];
}

type Handlers = {
  readonly [T in ControllerEvent["type"]]: (
    context: ControllerContext,
    event: Extract<ControllerEvent, { type: T }>,
  ) => void;
};

const HANDLERS: Handlers = {
  tick: (context) => onTick(context),
  received: (context, { stream, message }) => onMessage(context, stream, message),
  closed: (context, { stream }) => onClosed(context, stream),
  ordersWait: (context, { stream }) => onOrdersWait(context, stream),
  lead: (context, { term }) => onLead(context, term),
  firm: (context, { firm }) => onFirm(context, firm),
  standby: (context) => onStandby(context),
  group: (context, { group }) => onGroup(context, group),
  groupRemoved: (context, { group }) => onGroupRemoved(context, group),
  expect: (context, { nodes }) => onExpect(context, nodes),
  synced: (context) => onSynced(context),
};

/** Decides what a controller does about one event. The passed state is consumed. */
export function stepController(
  state: ControllerState,
  event: ControllerEvent,
  config: ControllerConfig,
): ControllerStep {
  const effects: ControllerEffect[] = [];
  const context: ControllerContext = { state, config, now: event.now, effects };
  state.lastTick ??= event.now;
  noticeStall(context);
  const wasLeader = state.role === "leader";
  // The table's type pairs each handler with its event; TypeScript cannot follow that through the look-up.
  const handler = HANDLERS[event.type] as (context: ControllerContext, event: ControllerEvent) => void;
  handler(context, event);
  if (event.now >= state.judgeAt) judge(context);
  if (wasLeader && state.role === "standby") forgetOwners(state);
  settleAll(context);
  releaseDrained(context);
  return { state, effects };
}

function onTick(context: ControllerContext): void {
  const { state, now } = context;
  state.lastTick = now;
  for (let due = state.schedule.take(now); due; due = state.schedule.take(now)) {
    if (due.type === "group") lookAt(state, due.group);
    else for (const id of state[due.type]) state.unsettled.add(id);
  }
  if (state.hasGained) retryWanting(context);
  judge(context);
}

function lookAt(state: ControllerState, id: GroupId): void {
  const group = state.groups.get(id);
  if (group) group.nextLook = 0;
  state.unsettled.add(id);
}

/** Once a tick, however many speakers have come; at the start of a term most groups have to wait in any case. */
function retryWanting(context: ControllerContext): void {
  const { state, now } = context;
  state.hasGained = false;
  const isStarting = now < waitsUntil(context);
  for (const id of state.wanting) {
    if (!isStarting || state.groups.get(id)?.isFresh) state.unsettled.add(id);
  }
}

/**
 * The term to lead in: above everything that this process has heard of or led in, and above `stored` (the Lease's
 * count of transitions, or what the term file says).
 */
export const nextTerm = (state: ControllerState, stored: number): number =>
  Math.max(stored, state.highestTerm, state.term) + 1;

/** Who owns a group, as this leader has decided. */
export interface Ownership {
  readonly node: NodeName;
  readonly epoch: Epoch;
  /** The owner has said that its first announcement is on the wire. */
  readonly acked: boolean;
}

/** The owner of a group; undefined when it has none, or when this process is a standby. */
export function ownerOf(state: ControllerState, group: GroupId): Ownership | undefined {
  const owner = state.groups.get(group)?.owner;
  return owner && { node: owner.node, epoch: owner.epoch, acked: owner.acked };
}

/** One speaker as a controller sees it. */
export interface SpeakerView {
  readonly node: NodeName;
  readonly live: boolean;
  readonly connected: boolean;
  readonly draining: boolean;
  /** Milliseconds since its last message. */
  readonly silentMs: number;
  readonly owns: number;
}

/** A controller's machine as operators see it. */
export interface ControllerStatus {
  readonly role: Role;
  readonly term: number;
  readonly firm: boolean;
  readonly groups: number;
  /** Groups that nobody owns. */
  readonly unowned: number;
  /** Most speakers are silent at once, so nobody is judged. */
  readonly frozen: boolean;
  readonly speakers: readonly SpeakerView[];
}

/** What metrics, status and health checks show of a controller; O(speakers). */
export function controllerStatus(state: ControllerState, now: number): ControllerStatus {
  const speakers = Array.from(state.speakers.values(), (speaker) => ({
    node: speaker.node,
    live: speaker.live,
    connected: speaker.stream !== undefined,
    draining: speaker.draining,
    silentMs: Math.max(0, now - speaker.last),
    owns: speaker.owned.size,
  }));
  const owned = speakers.reduce((sum, { owns }) => sum + owns, 0);
  const { role, term, firm, groups, isFrozen } = state;
  return { role, term, firm, groups: groups.size, unowned: groups.size - owned, frozen: isFrozen, speakers };
}
