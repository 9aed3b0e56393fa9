import type { Ip } from "@heraldlb/net";
import type { Refusal, ReleaseReason } from "./action.ts";
import { allocate, allocateOther } from "./allocate.ts";
import type { AllocatorConfig } from "./change.ts";
import type { RefusedPool } from "./explanation.ts";
import { Heap } from "./heap.ts";
import { type Former, givesUp, judge, mayBeReassigned, type Verdict } from "./keep.ts";
import { type Held, heldBy, type Ledger } from "./ledger.ts";
import { compareSeniority, compareWishes } from "./seniority.ts";
import type { ServiceInput } from "./service.ts";
import { sameTerms } from "./sharing.ts";
import { type NoWish, type Wish, wishOf } from "./wish.ts";

/** Who is to be looked at again. */
export interface Agenda {
  /** Services that changed, or whose pool did. */
  readonly changed: readonly ServiceInput[];
  /** An address was given up, or the pools changed: those who wait may be lucky now. */
  readonly freed: boolean;
  /** Services without an address, in lines; asked for only if something was freed. */
  waiting(): Iterable<readonly ServiceInput[]>;
  /** Services that want more, or others, than they have, in lines; asked for only if something was freed. */
  degraded(): Iterable<readonly ServiceInput[]>;
}

/** What became of a Service. */
export interface Outcome {
  readonly service: ServiceInput;
  readonly before: Held | undefined;
  /** What it has after that. */
  readonly now: Held | undefined;
  /** The addresses that its stored status gave it, if this is when that was looked at. */
  readonly stored?: readonly Ip[] | undefined;
  readonly lost?: Loss | undefined;
  readonly refusal?: Refusal | undefined;
  /** The pools that were tried before the one that was chosen. */
  readonly refused?: readonly RefusedPool[] | undefined;
}

/** The addresses that a Service had to give up. */
interface Loss extends Former {
  readonly reason: ReleaseReason;
  readonly message: string;
}

interface Context {
  readonly ledger: Ledger;
  readonly config: AllocatorConfig;
}

/**
 * Brings the ledger up to date: those who have an address are heard first, then those who have none, then those who
 * lack a family or give up what is stranded. What a Service is given can help another only if both share it, so who waits
 * is asked again only after that or a loss.
 */
export function settle(agenda: Agenda, context: Context): ReadonlyMap<string, Outcome> {
  const { ledger } = context;
  const outcomes = new Map<string, Outcome>();
  for (const service of agenda.changed) outcomes.set(service.key, untouched(service, ledger));
  for (const { key } of agenda.changed) ledger.drop(key);
  let { freed } = agenda;
  for (const { service, before } of inOrderOfRight(outcomes)) {
    const outcome = hear(service, before, context);
    outcomes.set(service.key, outcome);
    freed ||= gaveUp(outcome) || letsIn(before, outcome);
  }
  let isNews: boolean;
  // Who is asked keeps what became of it; true if those behind it may still fare better.
  const ask = (service: ServiceInput, answer: (outcome: Outcome, ledger: Ledger) => Outcome): boolean => {
    const former = outcomes.get(service.key) ?? untouched(service, ledger);
    const told = answer(former, ledger);
    outcomes.set(service.key, told);
    isNews ||= (former.now !== undefined && told.lost !== former.lost) || letsIn(former.now, told);
    return !told.refusal;
  };
  const askOthers = (service: ServiceInput, answer: (outcome: Outcome, ledger: Ledger) => Outcome): boolean =>
    outcomes.has(service.key) || ask(service, answer);

  do {
    isNews = false;
    const pending: Line[] = [];
    for (const { service, now } of outcomes.values()) {
      if (!now) pending.push({ services: [service], act: () => ask(service, serve) });
    }
    const waiting = freed ? linesOf(agenda.waiting(), (service) => askOthers(service, serve)) : [];
    inTurn(compareWishes, [...pending, ...waiting]);
    const incomplete: Line[] = [];
    for (const { service, now } of outcomes.values()) {
      if (now && wantsBetter(service, now, ledger))
        incomplete.push({ services: [service], act: () => ask(service, improve) });
    }
    const degraded = freed ? linesOf(agenda.degraded(), (service) => askOthers(service, improve)) : [];
    inTurn(compareSeniority, [...incomplete, ...degraded]);
    // What was given up, or may be shared now, may be what somebody waits for.
    freed ||= isNews;
  } while (isNews);
  return outcomes;
}

/**
 * Who holds on unchanged terms goes before who changed them, both before who only has it in the stored status, and all
 * before who says so himself.
 */
function inOrderOfRight(outcomes: ReadonlyMap<string, Outcome>): readonly Outcome[] {
  return [...outcomes.values()].sort((a, b) => right(a) - right(b) || compareSeniority(a.service, b.service));
}

function right({ service, before }: Outcome): number {
  if (!before) return service.isHearsay ? 3 : 2;
  return sameTerms(service, before.terms) ? 0 : 1;
}

interface Line {
  readonly services: readonly ServiceInput[];
  /** Serves one of them; false if those behind it need not be asked. */
  act(service: ServiceInput): boolean;
}

function linesOf(lines: Iterable<readonly ServiceInput[]>, act: Line["act"]): Line[] {
  return [...lines].map((services) => ({ services, act }));
}

/** Serves all lines at once, whoever comes first. */
function inTurn(compare: (a: ServiceInput, b: ServiceInput) => number, lines: readonly Line[]): void {
  const [only] = lines;
  if (lines.length < 2) {
    // Mostly one Service changes: no turns to keep.
    only?.services.every((service) => only.act(service));
    return;
  }
  const turns = lines.flatMap((line) => (line.services[0] ? [{ line, at: 0, head: line.services[0] }] : []));
  const queue = new Heap(turns, (a, b) => compare(a.head, b.head));
  for (let turn = queue.pop(); turn; turn = queue.pop()) {
    if (!turn.line.act(turn.head)) continue;
    const at = turn.at + 1;
    const head = turn.line.services[at];
    if (head) queue.push({ line: turn.line, at, head });
  }
}

/** Whether a Service has one family, would take the other, and did not ask for just this address or another pool. */
export function isDegraded(service: ServiceInput, held: Held | undefined): boolean {
  // The policy first: to read the wish is to read addresses.
  if (service.ipFamilyPolicy !== "PreferDualStack") return false;
  if (!held || held.stranded || held.addresses.length > 1) return false;
  const { requestedIps, loadBalancerIp, requestedPool } = service;
  if (requestedIps || loadBalancerIp || (requestedPool && requestedPool !== held.pool)) return false;
  const wish = wishOf(service);
  return "families" in wish && wish.mayDegrade;
}

/** Whether a Service wants more, or others, than it has. */
export function wantsBetter(service: ServiceInput, held: Held, ledger: Ledger): boolean {
  return isDegraded(service, held) || givesUp(service, held, ledger);
}

function untouched(service: ServiceInput, ledger: Ledger): Outcome {
  const held = ledger.held(service.key);
  return { service, before: held, now: held };
}

/** Lets a Service keep what it has, or says why not. */
function hear(service: ServiceInput, before: Held | undefined, context: Context): Outcome {
  const { ledger } = context;
  const former = before ? { ...before, pool: before.pool || undefined } : stored(service);
  if (!former) return { service, before, now: undefined };
  const wish = wishOf(service);
  const verdict = hearWish(service, former, wish, context);
  if ("lose" in verdict) {
    if (!before) leave(service, former, ledger);
    return {
      service,
      before,
      now: undefined,
      stored: former.addresses,
      lost: { ...former, reason: verdict.lose, message: verdict.message },
    };
  }
  const now = heldBy(service, verdict.keep);
  ledger.take(service.key, now);
  const refusal = verdict.refusal ?? ("refusal" in wish ? wish.refusal : undefined);
  return { service, before, now, stored: former.addresses, refusal };
}

function hearWish(service: ServiceInput, former: Former, wish: Wish | NoWish, context: Context): Verdict {
  if ("families" in wish) return judge(service, former, { ...context, wish });
  const { reason, message } = wish.refusal;
  return wish.keepsHeld
    ? judge(service, former, { ...context, wish: undefined })
    : { lose: reason as ReleaseReason, message };
}

/** What a Service had when the process began, and gives up at once, was its own until now all the same. */
function leave(service: ServiceInput, { addresses, pool = "" }: Former, ledger: Ledger): void {
  const { key } = service;
  if (addresses.some((address) => ledger.conflict(address, service) ?? ledger.restsUntil(address, key))) return;
  ledger.take(key, heldBy(service, { addresses, pool }));
  ledger.drop(key);
}

function stored({ assigned, assignedPool }: ServiceInput): Former | undefined {
  return assigned.length > 0 ? { addresses: assigned, pool: assignedPool || undefined } : undefined;
}

/** Whether a Service that had none has an address for others to share: it may have been resting, and theirs by this alone. */
function letsIn(former: Held | undefined, { service, now }: Outcome): boolean {
  return !former && now !== undefined && service.sharingKey !== "";
}

function gaveUp({ before, now }: Outcome): boolean {
  if (!before) return false;
  return !now || now.addresses.join() !== before.addresses.join() || !sameTerms(now.terms, before.terms);
}

/** Gives addresses to a Service that has none, or gives those up that it has, or says why not. */
function serve(outcome: Outcome, ledger: Ledger): Outcome {
  const { service, now: former } = outcome;
  const wish = wishOf(service);
  if ("refusal" in wish) return { ...outcome, refusal: wish.refusal };
  if (former) ledger.drop(service.key);
  const found = allocate(service, { wish, ledger });
  if ("reason" in found) {
    // What it has works: it stays until there is something better.
    if (former) ledger.take(service.key, former);
    return { ...outcome, refusal: found };
  }
  const now = heldBy(service, found.holding);
  ledger.take(service.key, now);
  const lost = former
    ? { ...former, reason: "reassignRequested" as const, message: mayBeReassigned(former.addresses) }
    : outcome.lost;
  return { ...outcome, now, lost, refusal: undefined, refused: found.refused };
}

function improve(outcome: Outcome, ledger: Ledger): Outcome {
  const { service, now } = outcome;
  return now && givesUp(service, now, ledger) ? serve(outcome, ledger) : complete(outcome, ledger);
}

/** Adds the second family, or says why it cannot be had. */
function complete(outcome: Outcome, ledger: Ledger): Outcome {
  const { service, now: held } = outcome;
  if (!held) return outcome;
  const whole = allocateOther(service, held, ledger);
  if ("reason" in whole) return { ...outcome, refusal: whole };
  const now = heldBy(service, whole);
  ledger.take(service.key, now);
  return { ...outcome, now, refusal: undefined };
}
