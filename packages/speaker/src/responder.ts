import type { Mac } from "@heraldlb/net";
import type { ServedAddress } from "./address-table.ts";
import type { OwnMacs } from "./frame-bytes.ts";

/** What became of a received frame; all but `answered` are reasons why it was not answered. */
export type Verdict =
  | "answered"
  /** Not a valid ARP packet, Neighbor Solicitation or Advertisement. */
  | "malformed"
  /** An ARP reply or a Neighbor Advertisement. */
  | "reply-packet"
  /** Sent to another MAC address. */
  | "wrong-destination"
  /** For an address that this node does not answer for now. */
  | "not-announced"
  /** For an address that is not to be announced on this interface. */
  | "wrong-interface"
  /** A probe for, or a claim of, an address that is being handed over. */
  | "leaving";

/** The interface that a responder answers on. */
export interface ResponderInterface {
  /** Its name, compared with those that the addresses are allowed on. */
  readonly name: string;
  /** Its MAC address, which the answers tell. */
  readonly mac: Mac;
  /** Those of all the node's interfaces: their frames are never a conflict. */
  readonly own: OwnMacs;
}

/** What a responder does beside looking. `at` is where the other host's MAC address lies in `frame`. */
export interface ResponderOutput {
  /** Sends a reply at once. The bytes are overwritten afterwards. False: it could not be sent. */
  send(reply: Uint8Array): boolean;
  /** Another host claims the address. */
  claim(entry: ServedAddress, frame: Uint8Array, at: number): void;
  /** Another host asks whether the address is in use, without having one itself. */
  probe(entry: ServedAddress, frame: Uint8Array, at: number): void;
}
