import type { DesiredCondition } from "./desired-status.ts";

/** A condition as it is written. */
type Condition = DesiredCondition & { readonly lastTransitionTime: string };

/** Conditions with the time since which each has its status: that of what is there, or now. */
export function datedConditions(desired: readonly DesiredCondition[], observed: unknown, now: number): Condition[] {
  const before = new Map(listOf(observed).map((condition) => [condition.type, condition]));
  return desired.map((condition) => {
    const { status, lastTransitionTime } = before.get(condition.type) ?? {};
    const since = status === condition.status && isTime(lastTransitionTime) ? lastTransitionTime : timeOf(now);
    return { ...condition, lastTransitionTime: since };
  });
}

/** The conditions that are of none of these types: somebody else writes them. */
export function otherConditions(observed: unknown, types: readonly string[]): readonly unknown[] {
  return listOf(observed).filter(({ type }) => !types.includes(String(type)));
}

function listOf(observed: unknown): readonly Partial<Record<keyof Condition, unknown>>[] {
  return Array.isArray(observed) ? observed.filter((item) => typeof item === "object" && item !== null) : [];
}

function isTime(text: unknown): text is string {
  return typeof text === "string" && !Number.isNaN(Date.parse(text));
}

/** As Kubernetes writes times: to the second. */
function timeOf(now: number): string {
  return `${new Date(now).toISOString().slice(0, 19)}Z`;
}
