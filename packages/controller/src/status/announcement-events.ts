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

/** No node that may announce has an interface on which it is to be announced; in MetalLB's words. */
export function missingInterfaces(addresses: readonly string[], [node]: readonly string[]): Silence {
  const texts = addresses.map(
    (address) =>
      `the interfaces specified by LB IP "${address}" doesn't exist in assigned node "${node}" with protocol "layer2"`,
  );
  return { reason: MISSING_INTERFACES, message: texts.join("; ") };
}

/** No node that may announce has a speaker; `wasHeard`: some had one. */
export function missingSpeakers(
  service: string,
  { nodes, wasHeard }: { readonly nodes: readonly string[]; readonly wasHeard: boolean },
): Silence {
  const words = wasHeard ? "no speaker is heard on" : "there is no speaker on";
  const message = `no node announces ${JSON.stringify(service)}: ${words} those that may (${some(nodes)})`;
  return { reason: "noSpeaker", message };
}

/** None of the sessions is up by which routers are to hear of it. What does not last is not named. */
export function missingSessions(
  service: string,
  { nodes, peers }: { readonly nodes: readonly string[]; readonly peers: readonly string[] },
): Silence {
  const why = `no session with a router that is to hear of it is up (BGPPeers ${some(peers)}; nodes ${some(nodes)})`;
  const fix = "the logs of the speakers say why: see 'A BGP session is down' in docs/operating.md";
  return { reason: "noSession", message: `no node announces ${JSON.stringify(service)} by BGP: ${why}; ${fix}` };
}

/** Nobody announces the Service, though it has an address. */
export function notAnnounced(service: string, { reason, message }: Silence): ObjectEvent {
  const told = reason === MISSING_INTERFACES ? "announceFailed" : "notAnnounced";
  return serviceEvent(service, { type: "Warning", reason: told, message, cause: reason });
}

function some(names: readonly string[]): string {
  return (names.length > 3 ? [...names.slice(0, 3), "…"] : names).join(", ");
}
