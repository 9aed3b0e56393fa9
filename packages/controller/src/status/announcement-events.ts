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

/** No node that may announce has a speaker. */
export function missingSpeakers(service: string, nodes: readonly string[]): Silence {
  const some = nodes.length > 3 ? [...nodes.slice(0, 3), "…"] : nodes;
  const message = `no node announces "${service}": there is no speaker on those that may (${some.join(", ")})`;
  return { reason: "noSpeaker", message };
}

/** Nobody announces the Service, though it has an address. */
export function notAnnounced(service: string, { reason, message }: Silence): ObjectEvent {
  const told = reason === MISSING_INTERFACES ? "announceFailed" : "notAnnounced";
  return serviceEvent(service, { type: "Warning", reason: told, message, cause: reason });
}
