export { type AddressCounts, AddressTable, type ServedAddress } from "./address-table.ts";
export { gratuitousFrames, probeFrame } from "./announcement.ts";
export { arpResponder } from "./arp-responder.ts";
export { OwnMacs } from "./frame-bytes.ts";
export { type NdpInterface, ndpResponder } from "./ndp-responder.ts";
export { Pacer, type PacerOptions, type Priority } from "./pacer.ts";
export type { ResponderInterface, ResponderOutput, Verdict } from "./responder.ts";
