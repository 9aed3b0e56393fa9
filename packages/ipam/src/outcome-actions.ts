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
    const now = ledger.held(service.key);
    releases.push(...released(outcome, now));
    assigns.push(...assigned(outcome, now));
    if (!refusal) continue;
    refusals.push({ type: "refuse", service: service.key, ...refusal, refused: survey(service, ledger) });
  }
  return [...releases, ...assigns, ...refusals];
}

function released({ service, lost }: Outcome, now: Held | undefined): Action[] {
  if (!lost || same(lost.addresses, now?.addresses)) return [];
  const { addresses, reason, message } = lost;
  return [{ type: "release", service: service.key, addresses, reason, message }];
}

function assigned({ service, before, stored = [], lost, refused = [] }: Outcome, now: Held | undefined): Action[] {
  if (!now) return [];
  const assign = (cause: AssignCause): Action[] => {
    const { addresses, pool, stranded } = now;
    return [{ type: "assign", service: service.key, addresses, pool, cause, refused, ...(stranded && { stranded }) }];
  };
  const former = before?.addresses ?? stored;
  if (former.length === 0) return assign("allocated");
  if (!same(former, now.addresses)) return assign(lost ? "allocated" : "addressAdded");
  if (!before) return assign("restored");
  return before.pool === now.pool && before.stranded === now.stranded ? [] : assign("poolChanged");
}

/** Whether they are the same addresses; the order in which a status lists them does not count. */
function same(a: readonly Ip[], b: readonly Ip[] = []): boolean {
  return a.length === b.length && a.every((address) => b.includes(address));
}
