import type { Action, RefusalReason, ReleaseReason } from "@heraldlb/ipam";
import type { Ip } from "@heraldlb/net";
import { type ObjectEvent, serviceEvent } from "./object-event.ts";

/** What a Service had when the action was decided. */
export interface FormerAddresses {
  readonly addresses: readonly Ip[];
}

type Told = Omit<ObjectEvent, "object" | "cause">;
type ActionOf<T extends Action["type"]> = Extract<Action, { readonly type: T }>;

/**
 * What to tell a Service's owner of an action, in MetalLB's words where it has some. An assignment is to be told once
 * it is stored.
 */
export function addressEvents(action: Action, former: FormerAddresses): ObjectEvent[] {
  switch (action.type) {
    case "assign":
      return assigned(action, former).map((told) => serviceEvent(action.service, told));
    case "release": {
      const told = RELEASES[action.reason];
      return told ? [serviceEvent(action.service, { ...told, message: released(action), cause: action.reason })] : [];
    }
    case "refuse":
      return [serviceEvent(action.service, { ...refused(action, former), cause: action.reason })];
  }
}

function assigned(
  { addresses, cause, stranded, pool }: ActionOf<"assign">,
  former: FormerAddresses,
): Omit<ObjectEvent, "object">[] {
  const events: Omit<ObjectEvent, "object">[] = [];
  const allocated = { type: "Normal", reason: "IPAllocated" } as const;
  if (cause === "allocated") events.push({ ...allocated, message: `Assigned IP ${quoteAll(addresses)}` });
  if (cause === "addressAdded") {
    const added = addresses.filter((address) => !former.addresses.includes(address));
    events.push(...added.map((address) => ({ ...allocated, message: `Assigned additional IP ${quote(address)}` })));
  }
  if (stranded) {
    const words = `${quoteAll(addresses)} stays, though pool ${quote(pool)} does not give it out any more`;
    const message = `${words}; to get another one, set the annotation heraldlb.io/reassign`;
    events.push({ type: "Warning", reason: "AddressStranded", message, cause: stranded });
  }
  return events;
}

const CLEARED = { type: "Normal", reason: "ClearAssignment" } as const;
const RELEASED = { type: "Normal", reason: "AddressReleased" } as const;

// The mapped type keeps the table complete. Undefined: the refusal that comes with it says it, or nobody is left to tell.
const RELEASES: { readonly [R in ReleaseReason]: Omit<Told, "message"> | undefined } = {
  serviceRemoved: undefined,
  noClusterIps: undefined,
  notEnoughClusterIps: undefined,
  addressOutsidePools: CLEARED,
  poolNotCompatible: CLEARED,
  buggyAddress: CLEARED,
  addressInUse: CLEARED,
  portInUse: CLEARED,
  unreadableStatus: { type: "Warning", reason: "nolbIPsIPFamily" },
  familyChanged: RELEASED,
  otherAddressRequested: RELEASED,
  otherPoolRequested: RELEASED,
  reassignRequested: RELEASED,
};

function released({ addresses, reason, message }: ActionOf<"release">): string {
  if (reason === "unreadableStatus") {
    return `Failed to retrieve LBIPs IPFamily for [${addresses.join(" ")}]: ${message}`;
  }
  return RELEASES[reason] === RELEASED ? `Released IP ${quoteAll(addresses)}: ${message}` : message;
}

const REFUSALS: { readonly [R in RefusalReason]?: Omit<Told, "message"> } = {
  notEnoughClusterIps: { type: "Warning", reason: "not enough clusterips" },
  clusterIpFamilyUnknown: { type: "Warning", reason: "noclusterIPsIPFamily" },
  secondFamilyUnavailable: { type: "Normal", reason: "AdditionalAssignFailed" },
};

const INVALID: ReadonlySet<RefusalReason> = new Set([
  ...(["conflictingRequests", "invalidRequest", "invalidService", "requestedFamilyMismatch"] as const),
]);

function refused({ service, reason, message }: ActionOf<"refuse">, { addresses }: FormerAddresses): Told {
  const told = REFUSALS[reason];
  if (told) return { ...told, message };
  // It keeps what it has, and the message says all.
  if (INVALID.has(reason) && addresses.length > 0) return { type: "Warning", reason: "LoadBalancerFailed", message };
  const words = `Failed to allocate IP for ${quote(service)}: ${message}`;
  return { type: "Warning", reason: "AllocationFailed", message: words };
}

const quote = (text: string): string => JSON.stringify(text);

const quoteAll = (texts: readonly string[]): string => `[${texts.map(quote).join(" ")}]`;
