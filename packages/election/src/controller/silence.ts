import { tell } from "./assignment.ts";
import { forgetHoldings } from "./holders.ts";
import { type ControllerContext, detectionMs, graceMs, keeps, nextEpoch, type Speaker } from "./state.ts";

/** A gap between messages of so many intervals makes a speaker late, which alone means nothing. */
const LATE_INTERVALS = 1.75;
/** Nodes come and go, and one that stays away for so long is new when it comes back. */
const FORGOTTEN_AFTER_MS = 24 * 3_600_000;

/**
 * This process itself was stopped: what it did not hear then proves nothing. From D on all streams are gone, too, and
 * everybody needs the time to redial.
 */
export function noticeStall(context: ControllerContext): void {
  const { state, config, now, effects } = context;
  const stalledMs = now - (state.lastTick ?? now);
  if (stalledMs <= config.timers.intervalMs || !keeps(config, "stall")) return;
  state.lastTick = now;
  const areStreamsGone = stalledMs >= detectionMs(config) && keeps(config, "grace");
  const until = now + (areStreamsGone ? graceMs(config) - detectionMs(config) : 0);
  for (const speaker of state.speakers.values()) {
    speaker.last = Math.max(speaker.last, until);
    // What was acknowledged meanwhile is still to be read.
    speaker.ackingSince = now;
    if (speaker.closedAt !== undefined) speaker.closedAt = until;
  }
  state.quietUntil = until + detectionMs(config);
  if (state.role === "leader" && state.isSynced) {
    state.leadingSince = Math.max(state.leadingSince, now - config.timers.startHoldMs + detectionMs(config));
    state.schedule.add(now + detectionMs(config), { type: "wanting" });
  }
  effects.push({
    type: "log",
    level: "warn",
    message: "process was stalled",
    fields: { stalledMs: Math.round(stalledMs) },
  });
}

/** Notes that a speaker was heard. */
export function hear({ config, now }: ControllerContext, speaker: Speaker): void {
  if (now - speaker.last >= LATE_INTERVALS * config.timers.intervalMs) speaker.gapEnd = now;
  speaker.last = Math.max(speaker.last, now);
}

/**
 * Judges who is gone. Many at once are this process's own trouble (its port, its network): then nobody is judged, and
 * once it is over everybody gets the time to come back.
 */
export function judge(context: ControllerContext): void {
  const { state, config, now } = context;
  state.judgeAt = Number.POSITIVE_INFINITY;
  const live: Speaker[] = [];
  for (const speaker of state.speakers.values()) {
    if (speaker.live) live.push(speaker);
    else if (now - speaker.last >= FORGOTTEN_AFTER_MS) forget(context, speaker);
  }
  let isFrozen = false;
  for (const speaker of live) {
    const suspect = suspicion(context, speaker);
    if (!suspect) continue;
    const isOverdue = now - suspect.since >= config.timers.massFreezeMs;
    if (!isOverdue && keeps(config, "mass") && isMass(context, live, speaker)) {
      state.massAt = now;
      isFrozen = true;
      continue;
    }
    const isGrace = keeps(config, "grace") && now - state.massAt < graceMs(config);
    if (isGrace && !isOverdue) continue;
    bury(context, speaker, isOverdue ? "mass silence lasted too long" : suspect.reason);
  }
  if (isFrozen !== state.isFrozen) logFreeze(context, isFrozen);
}

function suspicion(
  { state, config, now }: ControllerContext,
  speaker: Speaker,
): { readonly since: number; readonly reason: string } | undefined {
  const { last, closedAt } = speaker;
  if (closedAt !== undefined) {
    const due = closedAt + config.timers.closeDebounceMs;
    if (now >= due) return { since: closedAt, reason: "stream ended" };
    state.judgeAt = Math.min(state.judgeAt, due);
    return undefined;
  }
  return now - last >= detectionMs(config) ? { since: last, reason: "silent" } : undefined;
}

/** More than half of the live speakers, and at least two, are late together or have lost their streams together. */
function isMass(context: ControllerContext, live: readonly Speaker[], judged: Speaker): boolean {
  const affected = live.filter((other) => isAffected(context, other, judged)).length;
  return affected >= 2 && affected * 2 > live.length;
}

/** A hole in the network shows as a gap with one, and as the end of its stream with another. */
function isAffected({ config, now }: ControllerContext, other: Speaker, judged: Speaker): boolean {
  const { intervalMs } = config.timers;
  if (other.stream === undefined || now - other.lastClose <= graceMs(config)) return true;
  if (now - other.last >= LATE_INTERVALS * intervalMs) return true;
  // A gap that is over counts no longer than the slower ones need to follow: else one late heartbeat during a real
  // death would keep everybody from being judged for as long as the dead one is silent.
  return other.gapEnd > judged.last + intervalMs && now - other.gapEnd < detectionMs(config);
}

function logFreeze({ state, effects }: ControllerContext, isFrozen: boolean): void {
  state.isFrozen = isFrozen;
  effects.push({
    type: "log",
    level: "warn",
    message: isFrozen ? "most speakers are silent at once: nobody is judged" : "mass silence is over",
    fields: { term: state.term },
  });
}

/** Counts a speaker as gone: on the wire first what it loses, then its stream; its groups are given on in this step. */
export function bury(context: ControllerContext, speaker: Speaker, reason: string): void {
  const { state, effects } = context;
  speaker.live = false;
  speaker.closedAt = undefined;
  speaker.fitSince = Number.POSITIVE_INFINITY;
  effects.push({
    type: "log",
    level: "warn",
    message: "speaker gone",
    fields: { node: speaker.node, reason, owned: speaker.owned.size },
  });
  if (speaker.stream !== undefined) {
    if (state.role === "leader") {
      for (const group of speaker.owned) tell(context, speaker, { type: "revoke", group, epoch: nextEpoch(state) });
    }
    effects.push({ type: "close", stream: speaker.stream, reason: "silent" });
    state.streams.delete(speaker.stream);
    speaker.stream = undefined;
  }
  state.draining.delete(speaker);
  for (const id of speaker.owned) state.unsettled.add(id);
  for (const id of speaker.incoming) state.unsettled.add(id);
}

function forget(context: ControllerContext, speaker: Speaker): void {
  const { state } = context;
  // It stays the owner of what nobody else can have.
  if (speaker.owned.size > 0 || speaker.incoming.size > 0) return;
  forgetHoldings(context, speaker);
  for (const { failed } of state.groups.values()) failed.delete(speaker.node);
  state.speakers.delete(speaker.node);
}
