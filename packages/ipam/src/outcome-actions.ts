import type { Ip } from "@heraldlb/net";
import type { Action, AssignCause } from "./action.ts";
import type { Held, Ledger } from "./ledger.ts";
import type { Outcome } from "./settle.ts";
import { survey } from "./survey.ts";

/** What to do about outcomes: releases first, then assignments, then refusals. */
export function actionsOf(outcomes: Iterable<Outcome>, ledger: Ledger): Action[] {
  const [releases, assigns, refusals]: [Action[], Action[], Action[]] = [[], [], []];
  for (const outcome of outcomes) {
    const { service, refusal } = outcome;
    const release = released(outcome);
    if (release) releases.push(release);
    const assign = assigned(outcome);
    if (assign) assigns.push(assign);
    if (!refusal) continue;
    refusals.push({ type: "refuse", service: service.key, ...refusal, refused: survey(service, ledger) });
  }
  return [...releases, ...assigns, ...refusals];
}

function released({ service, lost, now }: Outcome): Action | undefined {
  if (!lost || same(lost.addresses, now?.addresses)) return undefined;
  const { addresses, reason, message } = lost;
  return { type: "release", service: service.key, addresses, reason, message };
}

function assigned(outcome: Outcome): Action | undefined {
  const { service, now, refused = [] } = outcome;
  const cause = now && causeOf(outcome, now);
  if (!cause) return undefined;
  const { addresses, pool, stranded } = now;
  return { type: "assign", service: service.key, addresses, pool, cause, refused, ...(stranded && { stranded }) };
}

/** Undefined: nothing has become different. */
function causeOf({ before, stored = [], lost }: Outcome, now: Held): AssignCause | undefined {
  const former = before?.addresses ?? stored;
  if (former.length === 0) return "allocated";
  if (!same(former, now.addresses)) return lost ? "allocated" : "addressAdded";
  if (!before) return "restored";
  return before.pool === now.pool && before.stranded === now.stranded ? undefined : "poolChanged";
}

/** Whether they are the same addresses; the order in which a status lists them does not count. */
function same(a: readonly Ip[], b: readonly Ip[] = []): boolean {
  return a.length === b.length && a.every((address) => b.includes(address));
}
