import type { ByeReason, ControllerMessage, Reply } from "../message.ts";
import type { DialId, ReplicaId } from "./event.ts";
import { holding } from "./holding.ts";
import { onOrder } from "./order.ts";
import { keeps, type Replica, type SpeakerContext } from "./state.ts";
import { send, sendHeartbeat, sendToAll } from "./stream.ts";
import { hearTerm } from "./term.ts";

/** Bounds within which a leader may set the heartbeat; anything else in a Reply is not believed. */
const INTERVAL_MS = { least: 50, most: 1_000 } as const;
const MISSES = { least: 2, most: 10 } as const;

/** Sets which replicas to hold a stream to. */
export function onReplicas(context: SpeakerContext, wanted: readonly ReplicaId[]): void {
  const { state } = context;
  for (const replica of [...state.replicas.values()]) {
    if (wanted.includes(replica.id)) continue;
    hangUp(context, replica, "lostController");
    state.replicas.delete(replica.id);
  }
  for (const id of wanted) {
    if (state.replicas.has(id)) continue;
    const replica: Replica = {
      id,
      dial: undefined,
      phase: "idle",
      deadline: context.now,
      dialledAt: Number.NEGATIVE_INFINITY,
      failures: 0,
      heardAt: Number.NEGATIVE_INFINITY,
      reply: undefined,
      refusedAt: Number.NEGATIVE_INFINITY,
    };
    state.replicas.set(id, replica);
    dial(context, replica);
  }
}

/** TCP stands: from here the rest of the set-up has its own limit. */
export function onConnected({ state, config, now }: SpeakerContext, dialId: DialId): void {
  const replica = state.dials.get(dialId);
  if (replica?.phase !== "dialling") return;
  replica.phase = "connected";
  replica.deadline = now + config.timers.replyLimitMs;
}

/** The stream takes messages: says who this is and what it holds. */
export function onOpened(context: SpeakerContext, dialId: DialId): void {
  const { state, config, now } = context;
  const replica = state.dials.get(dialId);
  if (!replica || replica.phase === "open") return;
  if (replica.phase === "dialling") replica.deadline = now + config.timers.replyLimitMs;
  replica.phase = "open";
  replica.reply = undefined;
  send(context, replica, {
    type: "hello",
    node: config.node,
    instance: config.instance,
    bootId: config.bootId,
    startedAt: config.startedAt,
    stamp: now,
    maxTerm: state.maxTerm,
    termHolder: state.termHolder,
    holdingsRev: state.holdingsRev,
    holdings: Object.entries(state.byState).flatMap(([name, groups]) =>
      Array.from(groups, (group) => holding(group, name as keyof typeof state.byState)),
    ),
    links: [...state.links.values()],
  });
  if (state.drainDeadline !== undefined) send(context, replica, { type: "drain" });
}

/** The attempt failed or the stream ended. */
export function onClosed(context: SpeakerContext, dialId: DialId, replaced: boolean): void {
  const replica = context.state.dials.get(dialId);
  if (!replica) return;
  release(context, replica);
  if (replaced) {
    end(context, "replaced");
    return;
  }
  redial(context, replica);
}

/** Reads one message of a controller replica. */
export function onMessage(context: SpeakerContext, dialId: DialId, message: ControllerMessage): void {
  const { state, now } = context;
  const replica = state.dials.get(dialId);
  if (replica?.phase !== "open") return;
  replica.heardAt = now;
  if (message.type === "reply") onReply(context, replica, message);
  else if (message.type !== "drained") onOrder(context, replica, message);
  else if (state.drainDeadline !== undefined) end(context, "shutdown");
}

function onReply(context: SpeakerContext, replica: Replica, reply: Reply): void {
  const { state, now } = context;
  // An echo of a stamp that was never sent would give authority for ever.
  if (reply.echo > now) return;
  replica.reply = reply;
  replica.failures = 0;
  if (reply.role === "leader") hearTerm(context, reply.term, reply.holder);
  const isLeader = reply.role === "leader" && reply.term === state.maxTerm && reply.holder === state.termHolder;
  if (!isLeader && state.timingIsLeaders) return;
  const misses = reply.detectionMs / reply.intervalMs;
  if (!(reply.intervalMs >= INTERVAL_MS.least && reply.intervalMs <= INTERVAL_MS.most)) return;
  if (!(misses >= MISSES.least && misses <= MISSES.most)) return;
  state.intervalMs = reply.intervalMs;
  state.detectionMs = reply.detectionMs;
  state.timingIsLeaders = isLeader;
}

/** Heartbeats, silence and redialling, as the tick finds them due. */
export function tickReplicas(context: SpeakerContext): void {
  const { state, now } = context;
  for (const replica of state.replicas.values()) {
    if (isOverdue(context, replica)) {
      if (replica.phase !== "idle") hangUp(context, replica, "lostController");
      redial(context, replica);
    }
  }
  if (now < state.heartbeatAt) return;
  state.heartbeatAt = Math.max(state.heartbeatAt + state.intervalMs, now);
  for (const replica of state.replicas.values()) sendHeartbeat(context, replica);
}

function isOverdue({ state, now }: SpeakerContext, replica: Replica): boolean {
  if (replica.phase !== "open" || !replica.reply) return now >= replica.deadline;
  return now - replica.heardAt >= state.detectionMs;
}

/** The network is back: whatever has no stream yet is dialled now. */
export function dialAll(context: SpeakerContext): void {
  for (const replica of context.state.replicas.values()) {
    if (replica.phase === "idle") dial(context, replica);
    if (replica.phase !== "dialling" || replica.dialledAt === context.now) continue;
    hangUp(context, replica, "lostController");
    replica.failures = 0;
    dial(context, replica);
  }
}

/** Dials again, when it is time: at once after a stream, at a steady pace when something is at stake, else backing off. */
function redial(context: SpeakerContext, replica: Replica): void {
  const { state, config, now } = context;
  if (state.ended) return;
  const earliest = replica.dialledAt + config.timers.redialMs;
  if (!holdsAnything(context) || now >= earliest) {
    dial(context, replica);
    return;
  }
  replica.phase = "idle";
  replica.deadline = earliest;
}

function dial(context: SpeakerContext, replica: Replica): void {
  const { state, config, now, effects } = context;
  const { backoffMinMs, backoffMaxMs, connectLimitMs, replyLimitMs } = config.timers;
  const urgent = holdsAnything(context) || replica.failures === 0;
  const delayMs = urgent ? 0 : Math.min(backoffMaxMs, backoffMinMs * 2 ** Math.min(replica.failures - 1, 16));
  replica.dial = state.nextDial++;
  replica.phase = "dialling";
  replica.dialledAt = now;
  replica.failures++;
  replica.deadline = now + (holdsAnything(context) ? connectLimitMs : delayMs + replyLimitMs);
  state.dials.set(replica.dial, replica);
  effects.push({ type: "dial", replica: replica.id, dial: replica.dial, delayMs, jitter: urgent ? 0 : 0.5 });
}

/** A deliberate close. Without the Bye the controller would take it for the end of the process. */
function hangUp(context: SpeakerContext, replica: Replica, reason: ByeReason): void {
  const { dial: dialId } = replica;
  if (dialId === undefined) return;
  if (replica.phase === "open" && keeps(context.config, "bye")) send(context, replica, { type: "bye", reason });
  context.effects.push({ type: "close", replica: replica.id, dial: dialId });
  release(context, replica);
}

function release({ state, effects }: SpeakerContext, replica: Replica): void {
  // A controller that refuses this speaker never answers, and is dialled again and again.
  if (replica.phase === "open" && replica.reply) {
    effects.push({ type: "log", level: "info", message: "controller stream ended", fields: { replica: replica.id } });
  }
  if (replica.dial !== undefined) state.dials.delete(replica.dial);
  replica.dial = undefined;
  replica.reply = undefined;
  replica.phase = "idle";
}

function holdsAnything({ state: { byState } }: SpeakerContext): boolean {
  return byState.owner.size + byState.verify.size + byState.leaving.size + byState.yielded.size > 0;
}

/** SIGTERM: asks for everything to be handed over. With no stream open there is nobody to ask. */
export function onDrain(context: SpeakerContext): void {
  const { state, config, now } = context;
  if (state.drainDeadline !== undefined) return;
  state.drainDeadline = now + config.timers.drainLimitMs;
  const isAnybodyThere = [...state.replicas.values()].some(({ phase }) => phase === "open");
  if (isAnybodyThere) sendToAll(context, { type: "drain" });
  else end(context, "shutdown");
}

/** Falls silent, says goodbye and ends the process. What is still held stays in the state folder for the next start. */
export function end(context: SpeakerContext, reason: ByeReason): void {
  const { state, effects } = context;
  for (const group of [...state.byState.owner, ...state.byState.leaving]) {
    effects.push({ type: "answer", group: group.id, mode: "none" });
  }
  for (const replica of state.replicas.values()) hangUp(context, replica, reason);
  state.ended = reason;
}
