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

/** Nobody may announce the Service, though it has an address. */
export function notAnnounced(service: string, { reason, message }: Silence): ObjectEvent {
  return serviceEvent(service, { type: "Warning", reason: "notAnnounced", message, cause: reason });
}
