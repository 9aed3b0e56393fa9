import { EXCLUDE_LABEL } from "@heraldlb/announce";
import { familyOf, type Ip } from "@heraldlb/net";
import type { InVain } from "../announced-in-vain.ts";
import type { World } from "../world.ts";
import { type ObjectEvent, serviceEvent } from "./object-event.ts";

/** Why nobody announces a Service by one protocol. */
export interface Silence {
  readonly reason: string;
  readonly message: string;
}

/** A node has begun to announce the Service. To be told once, not whenever it is found to do so still. */
export function nodeAssigned(
  service: string,
  { node, protocol }: { readonly node: string; readonly protocol: "layer2" | "bgp" },
): ObjectEvent {
  const message = `announcing from node ${JSON.stringify(node)} with protocol ${JSON.stringify(protocol)}`;
  return serviceEvent(service, { type: "Normal", reason: "nodeAssigned", message });
}

const MISSING_INTERFACES = "interfacesMissing";

/** Why nobody announces a Service of these addresses, or those of one family. */
export function silenceOf(
  service: string,
  found: InVain,
  { addresses, world }: { readonly addresses: readonly Ip[]; readonly world: Pick<World, "excludedSpeakers"> },
): Silence {
  const { reason, nodes, family } = found;
  if (reason === MISSING_INTERFACES) return { reason, message: missingInterfaces(addresses, nodes) };
  const concerned = family ? `${addresses.filter((address) => familyOf(address) === family).join(", ")} of ` : "";
  const what = concerned + JSON.stringify(service);
  if (reason === "noSession") return { reason, message: missingSessions(what, found) };
  return { reason, message: missingSpeakers(what, found, world.excludedSpeakers) };
}

/** No node that may announce has an interface on which it is to be announced; in MetalLB's words. */
function missingInterfaces(addresses: readonly Ip[], [node]: readonly string[]): string {
  const texts = addresses.map(
    (address) =>
      `the interfaces specified by LB IP "${address}" doesn't exist in assigned node "${node}" with protocol "layer2"`,
  );
  return texts.join("; ");
}

/** No node that may announce has a speaker; these have one and are excluded. */
function missingSpeakers(
  what: string,
  { nodes, wasHeard }: Extract<InVain, { readonly reason: "noSpeaker" }>,
  excluded: readonly string[],
): string {
  const words = wasHeard ? "no speaker is heard on" : "there is no speaker on";
  const others = excluded.length > 0 ? `; the label ${EXCLUDE_LABEL} keeps others from it (${some(excluded)})` : "";
  return `no node announces ${what}: ${words} those that may (${some(nodes)})${others}`;
}

/** None of the sessions is up by which routers are to hear of it. What does not last is not named. */
function missingSessions(what: string, { nodes, peers }: Extract<InVain, { readonly reason: "noSession" }>): string {
  const why = `no session with a router that is to hear of it is up (BGPPeers ${some(peers)}; nodes ${some(nodes)})`;
  const fix = "the logs of the speakers say why: see 'A BGP session is down' in docs/operating.md";
  return `no node announces ${what} by BGP: ${why}; ${fix}`;
}

/** Nobody announces the Service, though it has an address. */
export function notAnnounced(service: string, { reason, message }: Silence): ObjectEvent {
  const told = reason === MISSING_INTERFACES ? "announceFailed" : "notAnnounced";
  return serviceEvent(service, { type: "Warning", reason: told, message, cause: reason });
}

function some(names: readonly string[]): string {
  return (names.length > 3 ? [...names.slice(0, 3), "…"] : names).join(", ");
}
