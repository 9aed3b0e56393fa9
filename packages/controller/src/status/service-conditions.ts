import type { Refusal } from "@heraldlb/ipam";
import type { Silence } from "./announcement-events.ts";
import type { DesiredCondition } from "./desired-status.ts";

/** What may be amiss with a Service, apart from stranded addresses, which its status tells of where they stand. */
export interface ServiceTroubles {
  /** Why it waits for an address, or has not what it asks for. */
  readonly refusal: Refusal | undefined;
  /** Why nobody announces it. */
  readonly silences: readonly Silence[];
}

const REFUSED = "heraldlb.io/AddressRefused";
const NOT_ANNOUNCED = "heraldlb.io/NotAnnounced";

/** All types that {@link serviceConditions} makes. */
export const SERVICE_CONDITION_TYPES: readonly string[] = [REFUSED, NOT_ANNOUNCED];

/** Conditions that say what is amiss with a Service; one that is well has none. Reasons are those of the log. */
export function serviceConditions({ refusal, silences }: ServiceTroubles): DesiredCondition[] {
  const condition = (type: string, { reason, message }: Silence): DesiredCondition => {
    return { type, status: "True", reason, message };
  };
  const [first] = silences;
  const message = silences.map((silence) => silence.message).join("; ");
  return [
    ...(refusal ? [condition(REFUSED, refusal)] : []),
    ...(first ? [condition(NOT_ANNOUNCED, { ...first, message })] : []),
  ];
}
