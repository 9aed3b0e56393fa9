import { become, hasUsableLink, schedule, takeOver } from "./holding.ts";
import { keeps, type SpeakerContext, type SpeakerGroup, type SpeakerState } from "./state.ts";

/** So many seconds' worth of probes may leave at once. */
const BURST_SECONDS = 0.1;

/** Earns what probes may leave since the last tick. */
export function earnProbes({ state, config, now }: SpeakerContext): void {
  const { probesPerSecond } = config.timers;
  const earned = (probesPerSecond * (now - state.probeTokensAt)) / 1_000;
  state.probeTokens = Math.min(probesPerSecond * BURST_SECONDS, state.probeTokens + earned);
  state.probeTokensAt = now;
}

/** Takes probes from the budget; it may be overdrawn by one group's. */
export function spendProbes(state: SpeakerState, count: number): void {
  state.probeTokens -= count;
}

/** Begins verification for as many groups as the pace of probes allows. */
export function startVerifications(context: SpeakerContext): void {
  const { state, config, now } = context;
  if (now < state.verifyFrom) return;
  for (const group of state.toVerify) {
    if (state.probeTokens <= 0) return;
    // A new link puts it back; see `retryVerifications`.
    state.toVerify.delete(group);
    if (!hasUsableLink(context, group)) continue;
    if (!keeps(config, "verify")) {
      takeOver(context, group, "not verified");
      continue;
    }
    const { verifyProbes, verifyProbeMs, verifyClearMs } = config.timers;
    spendProbes(state, verifyProbes * group.addresses.length);
    group.probing = true;
    probe(context, group);
    for (let n = 1; n < verifyProbes; n++) schedule(state.schedule, now + n * verifyProbeMs, "verifyProbe", group);
    schedule(state.schedule, now + verifyClearMs, "verified", group);
  }
}

/** Nobody answered or objected: the address is this node's. */
export function onVerified(context: SpeakerContext, group: SpeakerGroup): void {
  if (!hasUsableLink(context, group)) group.probing = false;
  else takeOver(context, group, "verified");
}

/** Another probe of the verification under way. */
export function probe({ effects }: SpeakerContext, group: SpeakerGroup): void {
  effects.push({ type: "probe", group: group.id, interfaces: "all" });
}

/** Links have changed: groups that could not be probed may be now. */
export function retryVerifications({ state }: SpeakerContext): void {
  for (const group of state.byState.verify) {
    if (!group.probing && (state.authority === 0 || group.impatient)) state.toVerify.add(group);
  }
}

/** The leader has had its time: verifies under its eyes rather than leave the address without an answer. */
export function onVerifyHold({ state }: SpeakerContext, group: SpeakerGroup): void {
  group.impatient = true;
  state.toVerify.add(group);
}

/** Answers may have been lost, or a leader has appeared: what the probes so far have found out counts for nothing. */
export function restartVerifications({ state, config, now }: SpeakerContext): void {
  for (const group of state.byState.verify) {
    group.stint++;
    group.probing = false;
    group.impatient = false;
    state.toVerify.delete(group);
    if (state.authority === 0) state.toVerify.add(group);
    else schedule(state.schedule, now + state.detectionMs + config.timers.verifyHoldMs, "verifyHold", group);
  }
}

/** Alone from now on: what was yielded is asked for again and again. */
export function startYieldedProbes({ state, config, now }: SpeakerContext): void {
  for (const group of state.byState.yielded) {
    group.stint++;
    schedule(state.schedule, now + config.timers.yieldedProbeMs, "yieldedProbe", group);
  }
}

/** Asks whether a yielded address is still in use; after a time without an answer it is verified. */
export function onYieldedProbe(context: SpeakerContext, group: SpeakerGroup): void {
  const { state, config, now } = context;
  if (state.authority !== 0) return;
  const { yieldedClearMs, yieldedProbeMs, tickMs } = config.timers;
  if (!hasUsableLink(context, group)) group.claimedAt = now;
  if (now - Math.max(group.claimedAt, state.aloneSince) >= yieldedClearMs) {
    become(context, group, "verify", "no answer");
    return;
  }
  const isLate = state.probeTokens <= 0;
  if (!isLate) {
    spendProbes(state, group.addresses.length);
    probe(context, group);
  }
  schedule(state.schedule, now + (isLate ? tickMs : yieldedProbeMs), "yieldedProbe", group);
}
