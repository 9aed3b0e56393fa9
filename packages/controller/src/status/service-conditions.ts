import type { Refusal } from "@heraldlb/ipam";
import type { Silence } from "./announcement-events.ts";
import type { DesiredCondition, DesiredStatus } from "./desired-status.ts";

/** What may be amiss with a Service, apart from stranded addresses, which its status tells of where they stand. */
export interface ServiceTroubles {
  /** Why it waits for an address, or has not what it asks for. */
  readonly refusal: Refusal | undefined;
  /** Why nobody announces it; undefined: that is not known yet, and what is said of it stays. */
  readonly silences: readonly Silence[] | undefined;
}

const REFUSED = "heraldlb.io/AddressRefused";

/** The type of the condition of a Service that nobody announces. */
export const NOT_ANNOUNCED = "heraldlb.io/NotAnnounced";

/** All types that {@link serviceConditions} makes. */
export const SERVICE_CONDITION_TYPES: readonly string[] = [NOT_ANNOUNCED, REFUSED];

/** Conditions that say what is amiss with a Service; one that is well has none. Reasons are those of the log. */
export function serviceConditions({ refusal, silences }: ServiceTroubles): DesiredStatus {
  const condition = (type: string, { reason, message }: Silence): DesiredCondition => {
    return { type, status: "True", reason, message };
  };
  const [first] = silences ?? [];
  const conditions = [
    // First, since what is left as it is stays there.
    ...(first ? [condition(NOT_ANNOUNCED, { ...first, message: silenceMessage(silences) })] : []),
    ...(refusal ? [condition(REFUSED, refusal)] : []),
  ];
  return { status: { conditions }, conditionTypes: silences ? SERVICE_CONDITION_TYPES : [REFUSED] };
}

/** What the condition of a Service that nobody announces says. */
export function silenceMessage(silences: readonly Silence[] = []): string {
  return silences.map(({ message }) => message).join("; ");
}
