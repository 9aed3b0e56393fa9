import type { Holding, Refusal } from "@heraldlb/ipam";
import type { Silence } from "./announcement-events.ts";
import type { DesiredCondition } from "./desired-status.ts";

/** What may be amiss with a Service. */
export interface ServiceTroubles {
  readonly holding: Holding | undefined;
  readonly refusal: Refusal | undefined;
  readonly silences: readonly Silence[];
}

/** Conditions that say what is amiss with a Service; one that is well has none. Reasons are those of the log and `explain`. */
export function serviceConditions({ holding, refusal, silences }: ServiceTroubles): DesiredCondition[] {
  const conditions: DesiredCondition[] = [];
  const add = (type: string, reason: string, message: string) =>
    void conditions.push({ type: `heraldlb.io/${type}`, status: "True", reason, message });
  if (refusal) add("AddressRefused", refusal.reason, refusal.message);
  if (holding?.stranded) {
    const message = `kept, though pool ${JSON.stringify(holding.pool)} does not give it out any more`;
    add("AddressStranded", holding.stranded, message);
  }
  const [first] = silences;
  if (first) add("NotAnnounced", first.reason, silences.map(({ message }) => message).join("; "));
  return conditions;
}
