import type { Epoch } from "../epoch.ts";
import type { GroupId, HoldingState } from "../group.ts";
import { currentAuthority } from "./authority.ts";
import { onClaim, onProbe } from "./conflict.ts";
import { onDefine, onUndefine } from "./definition.ts";
import type { SavedGroup, SpeakerEffect, SpeakerEvent } from "./event.ts";
import { holdingChange } from "./holding.ts";
import { onLinks } from "./links.ts";
import { onAnnounced, onNotSent } from "./order.ts";
import { dialAll, onClosed, onConnected, onDrain, onMessage, onOpened, onReplicas } from "./replica.ts";
import { type Authority, keeps, type SpeakerConfig, type SpeakerContext, type SpeakerState } from "./state.ts";
import { sendToAll } from "./stream.ts";
import { onStall, onTick } from "./tick.ts";
import { restartVerifications, startYieldedProbes } from "./verify.ts";

/** What one step of the speaker's machine comes to. */
export interface SpeakerStep {
  readonly state: SpeakerState;
  readonly effects: readonly SpeakerEffect[];
}

/**
 * Decides what a speaker does about one event. The passed state is consumed.
 *
 * One thread steps the machine, reads the frame sockets and carries out the effects, so that none of its promises
 * depends on another thread's delays. After `exit` it does nothing more.
 */
export function stepSpeaker(state: SpeakerState, event: SpeakerEvent, config: SpeakerConfig): SpeakerStep {
  const effects: SpeakerEffect[] = [];
  if (state.ended) return { state, effects };
  const context: SpeakerContext = { state, config, now: event.now, effects };
  if (state.lastTick === undefined) begin(context);
  const isStalled = isSpeakerStalled(state, event.now) && keeps(config, "stall");
  if (isStalled) onStall(context, event.now - (state.lastTick as number));
  if (isStalled || event.type === "tick") state.lastTick = event.now;
  updateAuthority(context);
  // A frame that comes with the stall was queued in it.
  if (!(isStalled && (event.type === "claim" || event.type === "probe"))) handle(context, event);
  updateAuthority(context);
  const isTick = event.type === "tick";
  reportHoldings(context, { isTick });
  if (isTick || state.ended) persist(context);
  if (state.ended) effects.push({ type: "exit", code: state.ended === "replaced" ? 1 : 0, reason: state.ended });
  return { state, effects };
}

function begin({ state, now }: SpeakerContext): void {
  state.lastTick = now;
  state.probeTokensAt = now;
  state.aloneSince = now;
  state.verifyFrom = now + state.detectionMs;
}

type Handlers = {
  readonly [T in SpeakerEvent["type"]]: (context: SpeakerContext, event: Extract<SpeakerEvent, { type: T }>) => void;
};

const HANDLERS: Handlers = {
  tick: (context) => onTick(context),
  replicas: (context, { replicas }) => onReplicas(context, replicas),
  connected: (context, { dial }) => onConnected(context, dial),
  opened: (context, { dial }) => onOpened(context, dial),
  closed: (context, { dial, replaced }) => onClosed(context, dial, replaced),
  received: (context, { dial, message }) => onMessage(context, dial, message),
  define: (context, { group }) => onDefine(context, group),
  undefine: (context, { group }) => onUndefine(context, group),
  links: (context, { links }) => onLinks(context, links),
  networkUp: (context) => dialAll(context),
  peers: ({ state }, { macs }) => {
    state.peers = new Set(macs);
  },
  claim: (context, sighting) => onClaim(context, sighting),
  probe: (context, sighting) => onProbe(context, sighting),
  announced: (context, { group, epoch }) => onAnnounced(context, context.state.groups.get(group), epoch),
  notSent: (context, { group, epoch }) => onNotSent(context, context.state.groups.get(group), epoch),
  drain: (context) => onDrain(context),
};

function handle(context: SpeakerContext, event: SpeakerEvent): void {
  // The table's type pairs each handler with its event; TypeScript cannot follow that through the look-up.
  const handler = HANDLERS[event.type] as (context: SpeakerContext, event: SpeakerEvent) => void;
  handler(context, event);
}

function updateAuthority(context: SpeakerContext): void {
  const { state, config, now, effects } = context;
  const before = state.authority;
  const authority = currentAuthority(state, config, now);
  if (authority === before) return;
  state.authority = authority;
  effects.push({
    type: "log",
    level: "info",
    message: "authority changed",
    fields: { from: before, to: authority, term: state.maxTerm, leader: state.termHolder },
  });
  if (authority === 0) {
    state.aloneSince = now;
    startYieldedProbes(context);
  }
  if (authority === 0 || before === 0) restartVerifications(context);
}

/** Tells every replica at once what has changed for a group; what is only a remark waits for the tick. */
function reportHoldings(context: SpeakerContext, { isTick }: { readonly isTick: boolean }): void {
  const { state } = context;
  if (state.changedReports.size > 0 && isTick) {
    for (const group of state.changedReports) if (group.state !== "none") state.changedHoldings.add(group);
    state.changedReports.clear();
  }
  if (state.changedHoldings.size === 0) return;
  const changed = Array.from(state.changedHoldings, holdingChange);
  state.changedHoldings.clear();
  state.holdingsRev++;
  sendToAll(context, { type: "holdings", rev: state.holdingsRev, changed });
}

function persist({ state, effects }: SpeakerContext): void {
  if (state.unsaved.size === 0 && !state.isTermUnsaved) return;
  const saved: SavedGroup[] = [];
  const forgotten: GroupId[] = [];
  for (const id of state.unsaved) {
    const group = state.groups.get(id);
    if (!group || group.state === "none") forgotten.push(id);
    else saved.push({ id, addresses: group.addresses, epoch: group.epoch });
  }
  state.unsaved.clear();
  state.isTermUnsaved = false;
  effects.push({ type: "persist", maxTerm: state.maxTerm, termHolder: state.termHolder, saved, forgotten });
}

/**
 * Whether the process was stopped since the last tick. A shell asks before it reads a batch of frames or messages, and
 * if so steps `tick` first: its effects may say that those frames are to be thrown away.
 */
export function isSpeakerStalled(state: SpeakerState, now: number): boolean {
  return state.lastTick !== undefined && now - state.lastTick > state.intervalMs;
}

/** A speaker's machine as operators see it. */
export interface SpeakerStatus {
  readonly authority: Authority;
  readonly maxTerm: number;
  readonly termHolder: string;
  readonly counts: Readonly<Record<HoldingState, number>>;
}

/** What metrics and health checks show of a speaker as of its last step, O(1). */
export function speakerStatus({ authority, maxTerm, termHolder, byState }: SpeakerState): SpeakerStatus {
  const counts = {
    verify: byState.verify.size,
    owner: byState.owner.size,
    leaving: byState.leaving.size,
    yielded: byState.yielded.size,
  };
  return { authority, maxTerm, termHolder, counts };
}

/** One group's state at this speaker; undefined when it does not hold it. */
export function holdingOf(
  state: SpeakerState,
  group: GroupId,
): { readonly state: HoldingState; readonly epoch: Epoch } | undefined {
  const known = state.groups.get(group);
  return known && known.state !== "none" ? { state: known.state, epoch: known.epoch } : undefined;
}
