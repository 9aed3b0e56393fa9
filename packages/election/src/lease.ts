import type { LeaseConfig, LeaseEffect, LeaseEvent, LeaseRecord, LeaseRequestId } from "./lease-event.ts";

interface Pending {
  readonly request: LeaseRequestId;
  readonly sentAt: number;
  /** The term that a write takes or renews; undefined for a read and for a release. */
  readonly term: number | undefined;
}

/** Opaque. A step consumes it. */
export interface LeaseState {
  /** The Lease as last seen, and when this version was first seen. */
  seen: { readonly record: LeaseRecord | undefined; readonly at: number } | undefined;
  pending: Pending | undefined;
  nextRequest: LeaseRequestId;
  askAt: number;
  /** The term that this process leads in; undefined while it doesn't. */
  leading: number | undefined;
  /** The shell was told to lead, and not to stand by since. */
  isTold: boolean;
  renewedAt: number;
  firm: boolean;
  highestTerm: number;
  isBlind: boolean;
  isReleased: boolean;
}

/** The state of a process that has not looked at the Lease yet. */
export const initialLease = (): LeaseState => ({
  seen: undefined,
  pending: undefined,
  nextRequest: 1,
  askAt: Number.NEGATIVE_INFINITY,
  leading: undefined,
  isTold: false,
  renewedAt: Number.NEGATIVE_INFINITY,
  firm: false,
  highestTerm: 0,
  isBlind: false,
  isReleased: false,
});

/** What one step comes to. */
export interface LeaseStep {
  readonly state: LeaseState;
  readonly effects: readonly LeaseEffect[];
}

interface LeaseContext {
  readonly state: LeaseState;
  readonly config: LeaseConfig;
  readonly now: number;
  readonly effects: LeaseEffect[];
}

/**
 * Decides who of several controllers leads, by one Lease object that is only written conditionally.
 *
 * No two clocks are compared: a standby takes the Lease when it has seen no change of it for `leaseMs` by its own clock,
 * and a leader counts `renewMs` from when it sent a renewal, so it is not firm any longer when another one begins.
 */
export function stepLease(state: LeaseState, event: LeaseEvent, config: LeaseConfig): LeaseStep {
  const context: LeaseContext = { state, config, now: event.now, effects: [] };
  // First: a process that was stopped must not do anything as a firm leader.
  updateFirm(context);
  if (!state.isReleased) handle(context, event);
  updateFirm(context);
  return { state, effects: context.effects };
}

function handle(context: LeaseContext, event: LeaseEvent): void {
  const { state, now } = context;
  switch (event.type) {
    case "tick":
      state.highestTerm = Math.max(state.highestTerm, event.highestTerm);
      noteSight(state, event);
      onTick(context);
      return;
    case "answered":
      if (event.request === state.pending?.request) onAnswer(context, state.pending, event.record);
      return;
    case "refused":
    case "failed":
      if (event.request !== state.pending?.request) return;
      state.pending = undefined;
      // Somebody has written: the next thing to know is who.
      if (event.type === "refused") read(context);
      return;
    case "stepDown":
      state.highestTerm = Math.max(state.highestTerm, event.above);
      // Still the holder, as far as it knows, so nothing but a later term is wanting.
      state.leading = undefined;
      state.askAt = now;
      return;
    case "release":
      release(context);
      return;
  }
}

/** Who can decide from now on does not wait for the next look. */
function noteSight(state: LeaseState, { isBlind = false, now }: Extract<LeaseEvent, { readonly type: "tick" }>): void {
  if (state.isBlind && !isBlind) state.askAt = now;
  state.isBlind = isBlind;
}

function onTick(context: LeaseContext): void {
  const { state, config, now } = context;
  if (state.pending) {
    if (now - state.pending.sentAt < config.timers.answerMs) return;
    // Whether a write that nobody answers has happened can only be read.
    state.pending = undefined;
    read(context);
    return;
  }
  if (now < state.askAt) return;
  if (isOwn(context) || (isFree(context) && !state.isBlind)) take(context);
  else read(context);
}

const isOwn = ({ state, config }: LeaseContext): boolean => state.seen?.record?.holder === config.identity;

/**
 * Released, or unchanged for so long that its holder has known for a second that it is not firm. A Lease that is gone
 * says nothing about its holder, so it is free after the same time; a firm holder makes it anew at once.
 */
function isFree({ state, config, now }: LeaseContext): boolean {
  const { seen } = state;
  if (!seen) return false;
  if (!seen.record) return state.firm || now - seen.at >= config.timers.leaseMs;
  return seen.record.holder === undefined || now - seen.at >= config.timers.leaseMs;
}

/** Takes the Lease, or renews it: whoever leads in a term that nobody has gone beyond keeps it. */
function take(context: LeaseContext): void {
  const { state, config } = context;
  const record = state.seen?.record;
  const { leading } = state;
  const isRenewal = leading !== undefined && isOwn(context) && leading === record?.transitions;
  const term = isRenewal ? leading : newTerm(context, record?.transitions ?? 0);
  write(context, { holder: config.identity, transitions: term, term });
}

/** The Lease may have been deleted or restored from a backup: its own count alone would let a term come twice. */
function newTerm({ state, config }: LeaseContext, stored: number): number {
  return Math.max(stored, config.without?.has("maximumTerm") ? 0 : state.highestTerm) + 1;
}

function onAnswer(context: LeaseContext, pending: Pending, record: LeaseRecord | undefined): void {
  const { state, config, now, effects } = context;
  state.pending = undefined;
  const isChanged = !state.seen || state.seen.record?.version !== record?.version;
  if (isChanged) state.seen = { record, at: now };
  if (record ? record.holder !== config.identity : !state.firm) {
    if (record && record.holder === undefined && !state.isBlind) state.askAt = now;
    return void standBy(context, record);
  }
  if (!record || pending.term === undefined) {
    // Its own, as a read found out, or gone: to be written at once.
    state.askAt = now;
    return;
  }
  state.renewedAt = pending.sentAt;
  if (state.leading === pending.term || now - pending.sentAt >= config.timers.renewMs) return;
  if (pending.term <= state.highestTerm && !config.without?.has("maximumTerm")) {
    state.askAt = now;
    return;
  }
  state.leading = pending.term;
  state.isTold = true;
  state.highestTerm = Math.max(state.highestTerm, pending.term);
  state.firm = true;
  effects.push({ type: "lead", term: pending.term });
}

/** Another process decides, or may have decided, whether or not this one has stepped down before. */
function standBy({ state, effects }: LeaseContext, record: LeaseRecord | undefined): void {
  if (!state.isTold) return;
  state.leading = undefined;
  state.isTold = false;
  const message = record ? "another process holds the lease" : "the lease is gone";
  const fields = { holder: record?.holder ?? "", term: record?.transitions ?? 0 };
  effects.push({ type: "log", level: "warn", message, fields }, { type: "standby" });
}

function updateFirm({ state, config, now, effects }: LeaseContext): void {
  const firm = state.leading !== undefined && now - state.renewedAt < config.timers.renewMs;
  if (firm === state.firm) return;
  state.firm = firm;
  if (state.leading !== undefined) effects.push({ type: "firm", firm });
}

/** Another one may lead at once, and does so in a later term: the count stays. */
function release(context: LeaseContext): void {
  const { state, effects } = context;
  const record = state.seen?.record;
  if (state.isTold) effects.push({ type: "standby" });
  state.leading = undefined;
  if (record && isOwn(context)) write(context, { holder: undefined, transitions: record.transitions, term: undefined });
  state.isReleased = true;
}

function read(context: LeaseContext): void {
  const request = ask(context, undefined);
  context.effects.push({ type: "read", request });
}

function write(
  context: LeaseContext,
  {
    holder,
    transitions,
    term,
  }: { readonly holder: string | undefined; readonly transitions: number; readonly term: number | undefined },
): void {
  const expected = context.state.seen?.record?.version;
  const request = ask(context, term);
  context.effects.push({ type: "write", request, holder, transitions, expected });
}

function ask({ state, config, now }: LeaseContext, term: number | undefined): LeaseRequestId {
  const request = state.nextRequest++;
  state.pending = { request, sentAt: now, term };
  state.askAt = now + config.timers.retryMs;
  return request;
}
