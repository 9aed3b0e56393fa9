import { continueSweep, onConflictLapse } from "./conflict.ts";
import { become, onRefresh, onRound } from "./holding.ts";
import { announceOn } from "./links.ts";
import { end, tickReplicas } from "./replica.ts";
import { type GroupDue, keeps, type SpeakerContext, type SpeakerGroup } from "./state.ts";
import {
  earnProbes,
  onVerified,
  onVerifyHold,
  onYieldedProbe,
  probe,
  restartVerifications,
  startVerifications,
} from "./verify.ts";

/** Does whatever is due. */
export function onTick(context: SpeakerContext): void {
  const { state, now } = context;
  earnProbes(context);
  tickReplicas(context);
  sentinel(context);
  for (let due = state.schedule.take(now); due; due = state.schedule.take(now)) {
    if (due.type === "interfaceRound") {
      if (state.linkSeries.get(due.name) === due.series) announceOn(context, due.name, due.owned);
    } else if (due.stint === due.group.stint) DUE[due.type](context, due.group);
  }
  if (state.authority === 0) stayIfAlone(context);
  startVerifications(context);
  continueSweep(context);
  if (state.drainDeadline !== undefined && now >= state.drainDeadline) end(context, "shutdown");
}

const DUE: Readonly<Record<GroupDue, (context: SpeakerContext, group: SpeakerGroup) => void>> = {
  round: onRound,
  refresh: onRefresh,
  verifyHold: onVerifyHold,
  verifyProbe: probe,
  verified: onVerified,
  yieldedProbe: onYieldedProbe,
  conflictProbe: probe,
  conflictLapse: onConflictLapse,
  lingered: (context, group) => become(context, group, "none", "new owner heard"),
};

/**
 * One probe at a time, for whatever is answered, in turn. Without a firm leader it is the only thing that finds a new
 * owner whose announcements are long over.
 */
function sentinel({ state, config, now, effects }: SpeakerContext): void {
  if (state.authority === 2 || now < state.sentinelAt || !keeps(config, "sentinel")) return;
  const group = nextAnswered(state);
  if (!group) return;
  state.sentinelAt = now + config.timers.sentinelMs;
  effects.push({ type: "probe", group: group.id, interfaces: "all" });
}

function nextAnswered(state: SpeakerContext["state"]): SpeakerGroup | undefined {
  for (let round = 0; round < 2; round++) {
    state.sentinelTurn ??= answered(state);
    const { value, done } = state.sentinelTurn.next();
    if (!done) return value;
    state.sentinelTurn = undefined;
  }
  return undefined;
}

function* answered({ byState }: SpeakerContext["state"]): Generator<SpeakerGroup, undefined> {
  yield* byState.owner;
  yield* byState.leaving;
  return undefined;
}

/** The leader that wanted a hand-over is gone, and no new owner was heard: back to owner, which nobody need be told. */
function stayIfAlone(context: SpeakerContext): void {
  for (const group of [...context.state.byState.leaving]) {
    if (!group.lingering) become(context, group, "owner", "leader lost while leaving");
  }
}

/** The process was stopped: what was queued meanwhile is old, and after D others may have taken over. */
export function onStall(context: SpeakerContext, stalledMs: number): void {
  const { state, effects } = context;
  effects.push(
    { type: "dropFrames" },
    { type: "log", level: "warn", message: "process was stalled", fields: { stalledMs: Math.round(stalledMs) } },
  );
  restartVerifications(context);
  // What the replicas have said meanwhile, Revoke above all, has yet to be read.
  for (const replica of state.replicas.values()) replica.heardAt = context.now;
  if (stalledMs <= state.detectionMs) return;
  for (const group of [...state.byState.owner, ...state.byState.leaving]) become(context, group, "verify", "stalled");
}
