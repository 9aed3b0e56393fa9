import { compareEpochs } from "../epoch.ts";
import { isUsable, type Link } from "../link.ts";
import type { Ack, Bye, Heartbeat, Hello, Reply, SpeakerMessage } from "../message.ts";
import { tell, tellAgain } from "./assignment.ts";
import type { StreamId } from "./event.ts";
import { onHandOverAck, onHandOverStale } from "./hand-over.ts";
import { changeHoldings, replaceHoldings } from "./holders.ts";
import { bury, hear } from "./silence.ts";
import {
  type ControllerContext,
  detectionMs,
  type Group,
  keeps,
  newSpeaker,
  nextEpoch,
  type Speaker,
} from "./state.ts";

/** No honest speaker has heard of a term so far above all others. */
const MAX_TERM_JUMP = 2 ** 32;
/** From here on terms only go up one by one: no number of claims uses up those that can be told apart. */
const MAX_CLAIMED_TERM = 2 ** 52;

/** Reads one message of a speaker. */
export function onMessage(context: ControllerContext, stream: StreamId, message: SpeakerMessage): void {
  const { state } = context;
  if (message.type === "hello") {
    onHello(context, stream, message);
    return;
  }
  const speaker = state.streams.get(stream);
  if (!speaker) return;
  if (message.type === "heartbeat") {
    onHeartbeat(context, speaker, message);
    return;
  }
  regain(context, speaker);
  if (message.type === "holdings") {
    if (!changeHoldings(context, speaker, message)) askAgain(context, speaker);
  } else if (message.type === "links") onLinks(context, speaker, message.links);
  else if (message.type === "ack") onAck(context, speaker, message);
  else if (message.type === "bye") onBye(context, speaker, message);
  else onDrain(context, speaker);
}

function onHello(context: ControllerContext, stream: StreamId, hello: Hello): void {
  const { state, now, effects } = context;
  if (!hearTerm(context, hello)) {
    effects.push({ type: "close", stream, reason: "protocol" });
    return;
  }
  const speaker = state.speakers.get(hello.node) ?? newSpeaker(hello.node);
  const isOtherProcess = speaker.instance !== hello.instance;
  if (speaker.stream !== undefined) {
    const isNewer = speaker.bootId !== hello.bootId || hello.startedAt > speaker.startedAt;
    if (isOtherProcess && !isNewer) {
      effects.push({ type: "close", stream, reason: "refused" });
      return;
    }
    dismiss(context, speaker, isOtherProcess);
  }
  const wasHeard = state.speakers.has(hello.node);
  state.speakers.set(hello.node, speaker);
  state.streams.set(stream, speaker);
  speaker.stream = stream;
  speaker.instance = hello.instance;
  speaker.bootId = hello.bootId;
  speaker.startedAt = hello.startedAt;
  if (isOtherProcess) {
    speaker.draining = false;
    speaker.isDrained = false;
    state.draining.delete(speaker);
  }
  hear(context, speaker);
  speaker.live = true;
  speaker.closedAt = undefined;
  speaker.fitSince = now;
  speaker.echo = hello.stamp;
  speaker.links = hello.links;
  replaceHoldings(context, speaker, hello);
  effects.push({
    type: "log",
    level: "info",
    message: "speaker connected",
    fields: { node: hello.node, instance: hello.instance, holdings: hello.holdings.length, returning: wasHeard },
  });
  reply(context, speaker, hello.stamp);
  for (const id of speaker.owned) state.unsettled.add(id);
  state.awaited.delete(hello.node);
  gain(context);
}

/** Ends the stream that a new Hello replaces. An older process must fall silent before it ends. */
function dismiss(context: ControllerContext, speaker: Speaker, isOtherProcess: boolean): void {
  const { state, effects } = context;
  if (speaker.stream === undefined) return;
  if (isOtherProcess && state.role === "leader") {
    for (const group of speaker.owned) tell(context, speaker, { type: "revoke", group, epoch: nextEpoch(state) });
  }
  effects.push({ type: "close", stream: speaker.stream, reason: isOtherProcess ? "replaced" : "bye" });
  state.streams.delete(speaker.stream);
}

function onHeartbeat(context: ControllerContext, speaker: Speaker, heartbeat: Heartbeat): void {
  // The thread that answers hangs: whatever carries this message proves nothing.
  if (!(heartbeat.workerAge < detectionMs(context.config))) return;
  regain(context, speaker);
  speaker.echo = heartbeat.stamp;
  if (!hearTerm(context, heartbeat) || heartbeat.holdingsRev !== speaker.holdingsRev) {
    askAgain(context, speaker);
    return;
  }
  reply(context, speaker, heartbeat.stamp);
}

/** A message was lost or makes no sense: the speaker is alive, and its next Hello says everything anew. */
function askAgain({ state, effects }: ControllerContext, speaker: Speaker): void {
  if (speaker.stream === undefined) return;
  effects.push(
    { type: "log", level: "warn", message: "speaker out of step", fields: { node: speaker.node } },
    { type: "close", stream: speaker.stream, reason: "protocol" },
  );
  state.streams.delete(speaker.stream);
  speaker.stream = undefined;
}

function reply(context: ControllerContext, speaker: Speaker, echo: number): void {
  const { state, config } = context;
  const message: Reply = {
    type: "reply",
    role: state.role,
    term: state.term,
    holder: config.identity,
    firm: state.firm,
    intervalMs: config.timers.intervalMs,
    detectionMs: detectionMs(config),
    echo,
  };
  tell(context, speaker, message);
}

/** Takes note of the highest term; returns false if the speaker cannot mean it. */
function hearTerm(context: ControllerContext, { maxTerm, termHolder }: Hello | Heartbeat): boolean {
  const { state, config, effects } = context;
  const known = Math.max(state.term, state.highestTerm);
  const highest = Math.max(known + 1, Math.min(known + MAX_TERM_JUMP, MAX_CLAIMED_TERM));
  if (!(maxTerm >= 0 && maxTerm <= highest)) {
    effects.push({ type: "log", level: "warn", message: "term out of range refused", fields: { maxTerm, known } });
    return false;
  }
  state.highestTerm = Math.max(state.highestTerm, maxTerm);
  if (state.role !== "leader") return true;
  const isOthers = maxTerm === state.term && termHolder !== config.identity && keeps(config, "holder");
  if (maxTerm <= state.term && !isOthers) return true;
  state.role = "standby";
  state.firm = false;
  effects.push(
    { type: "log", level: "warn", message: "term is taken", fields: { term: state.term, heard: maxTerm, termHolder } },
    { type: "stepDown", above: Math.max(maxTerm, state.term) },
  );
  return true;
}

/** The speaker was heard. One that could not take over before, for being silent, may now. */
function regain(context: ControllerContext, speaker: Speaker): void {
  const wasSilent = context.now - speaker.last >= detectionMs(context.config);
  hear(context, speaker);
  if (!wasSilent) return;
  speaker.fitSince = context.now;
  gain(context);
}

/** Some speaker can do more than before. */
function gain({ state, config, now }: ControllerContext): void {
  state.hasGained = true;
  state.schedule.add(now + config.timers.preferAfterMs, { type: "preferring" });
}

function onLinks(context: ControllerContext, speaker: Speaker, links: readonly Link[]): void {
  const { state, now } = context;
  const before = new Set(speaker.links.filter(isUsable).map(({ name }) => name));
  const after = links.filter(isUsable).map(({ name }) => name);
  speaker.links = links;
  if (before.size !== after.length || after.some((name) => !before.has(name))) speaker.fitSince = now;
  for (const id of speaker.owned) state.unsettled.add(id);
  for (const id of speaker.incoming) state.unsettled.add(id);
  gain(context);
}

function onAck(context: ControllerContext, speaker: Speaker, ack: Ack): void {
  const { state, now } = context;
  const group = state.groups.get(ack.group);
  if (ack.kind === "stale") {
    if (group && state.role === "leader") onStale(context, group, speaker, ack);
    return;
  }
  speaker.ackingSince = now;
  if (!group || state.role !== "leader") return;
  if (group.handOver) {
    onHandOverAck(context, group, speaker, ack);
    return;
  }
  const { owner } = group;
  if (ack.kind !== "assign" || owner?.node !== speaker.node || compareEpochs(owner.epoch, ack.epoch) !== 0) return;
  owner.acked = true;
  state.unsettled.add(group.id);
}

/** An order came too late to be obeyed: the same again. */
function onStale(context: ControllerContext, group: Group, speaker: Speaker, ack: Ack): void {
  const { owner, handOver } = group;
  if (handOver) {
    onHandOverStale(context, group, speaker, ack);
    return;
  }
  if (!owner || owner.acked || owner.node !== speaker.node || compareEpochs(owner.epoch, ack.epoch) !== 0) return;
  tellAgain(context, owner, speaker, { type: "assign", group: group.id, epoch: owner.epoch, echo: speaker.echo });
}

/** The speaker cannot acknowledge what has not been sent yet. */
export function onOrdersWait({ state, now }: ControllerContext, stream: StreamId): void {
  const speaker = state.streams.get(stream);
  if (speaker) speaker.ackingSince = now;
}

function onBye(context: ControllerContext, speaker: Speaker, { reason }: Bye): void {
  const { state, now, effects } = context;
  if (speaker.stream === undefined) return;
  effects.push(
    { type: "log", level: "info", message: "speaker said goodbye", fields: { node: speaker.node, reason } },
    { type: "close", stream: speaker.stream, reason: "bye" },
  );
  state.streams.delete(speaker.stream);
  speaker.stream = undefined;
  if (reason === "shutdown") bury(context, speaker, "shut down");
  else if (reason === "replaced") markClosed(context, speaker);
  else speaker.last = Math.max(speaker.last, now);
}

/** A stream has ended without a goodbye: a dead process, unless it says Hello at once. */
export function onClosed(context: ControllerContext, stream: StreamId): void {
  const { state } = context;
  const speaker = state.streams.get(stream);
  if (!speaker) return;
  state.streams.delete(stream);
  speaker.stream = undefined;
  markClosed(context, speaker);
}

function markClosed({ state, config, now }: ControllerContext, speaker: Speaker): void {
  if (!speaker.live) return;
  speaker.lastClose = now;
  speaker.closedAt = now;
  state.judgeAt = Math.min(state.judgeAt, now + config.timers.closeDebounceMs);
}

function onDrain({ state, effects }: ControllerContext, speaker: Speaker): void {
  speaker.draining = true;
  speaker.isDrained = false;
  state.draining.add(speaker);
  for (const id of speaker.owned) state.unsettled.add(id);
  for (const id of speaker.incoming) state.unsettled.add(id);
  effects.push({
    type: "log",
    level: "info",
    message: "speaker drains",
    fields: { node: speaker.node, owned: speaker.owned.size },
  });
}

/** Tells those that have handed over everything that they may end. */
export function releaseDrained(context: ControllerContext): void {
  const { state } = context;
  if (state.role !== "leader" || !state.isSynced) return;
  for (const speaker of state.draining) {
    if (speaker.isDrained || speaker.owned.size > 0 || speaker.incoming.size > 0) continue;
    if (speaker.holdings.values().some(({ state: name }) => name === "owner" || name === "leaving")) continue;
    speaker.isDrained = true;
    tell(context, speaker, { type: "drained" });
  }
}
