import { DecodeError, Reader, Writer } from "@heraldlb/net";
import { type BfdAuthentication, decodeAuthentication, encodeAuthentication } from "./authentication.ts";

/** The state of one side's session (RFC 5880 section 4.1). */
export type BfdStateName = (typeof STATES)[number];

/** A BFD control packet (RFC 5880 section 4.1). Intervals are in microseconds. */
export interface BfdControl {
  /** One of `DIAGNOSTIC`, or reserved. */
  readonly diagnostic: number;
  readonly state: BfdStateName;
  /** Asks for an answer with `isFinal`. Not together with it. */
  readonly isPoll: boolean;
  readonly isFinal: boolean;
  /** The sender's BFD outlives its control plane (the C bit). */
  readonly isControlPlaneIndependent: boolean;
  /** The sender wants no periodic packets while both sides are up (the D bit). */
  readonly isDemand: boolean;
  /** Reserved for point-to-multipoint; never set here. */
  readonly isMultipoint: boolean;
  readonly multiplier: number;
  readonly myDiscriminator: number;
  /** 0: not known yet. */
  readonly yourDiscriminator: number;
  readonly desiredMinTxUs: number;
  /** 0: the sender wants no periodic packets at all. */
  readonly requiredMinRxUs: number;
  /** 0: the sender does not loop echo packets back. */
  readonly requiredMinEchoRxUs: number;
  readonly authentication?: BfdAuthentication;
}

const STATES = ["adminDown", "down", "init", "up"] as const;

const VERSION = 1;
const MANDATORY_LENGTH = 24;
const POLL = 0x20;
const FINAL = 0x10;
const CONTROL_PLANE_INDEPENDENT = 0x08;
const AUTHENTICATION_PRESENT = 0x04;
const DEMAND = 0x02;
const MULTIPOINT = 0x01;

/** Decodes a UDP payload. Bytes beyond the packet's own length are ignored; `receptionProblem` judges the content. */
export function decodeControl(bytes: Uint8Array): BfdControl {
  const header = new Reader(bytes);
  const versionAndDiagnostic = header.u8();
  const version = versionAndDiagnostic >>> 5;
  if (version !== VERSION) throw new DecodeError("unsupported", `BFD version ${version}`);
  const stateAndFlags = header.u8();
  const multiplier = header.u8();
  const length = header.u8();
  if (length < MANDATORY_LENGTH) throw new DecodeError("malformed", `a control packet of ${length} bytes`);
  const r = header.sub(length - 4);
  const packet: BfdControl = {
    diagnostic: versionAndDiagnostic & 0x1f,
    // Two bits: there is a state for each value.
    state: STATES[stateAndFlags >>> 6] as BfdStateName,
    isPoll: (stateAndFlags & POLL) !== 0,
    isFinal: (stateAndFlags & FINAL) !== 0,
    isControlPlaneIndependent: (stateAndFlags & CONTROL_PLANE_INDEPENDENT) !== 0,
    isDemand: (stateAndFlags & DEMAND) !== 0,
    isMultipoint: (stateAndFlags & MULTIPOINT) !== 0,
    multiplier,
    myDiscriminator: r.u32(),
    yourDiscriminator: r.u32(),
    desiredMinTxUs: r.u32(),
    requiredMinRxUs: r.u32(),
    requiredMinEchoRxUs: r.u32(),
  };
  if ((stateAndFlags & AUTHENTICATION_PRESENT) === 0) return packet;
  return { ...packet, authentication: decodeAuthentication(r) };
}

/** Encodes a UDP payload. A value that does not fit its field is the caller's bug: `RangeError`. */
export function encodeControl(packet: BfdControl): Uint8Array {
  const { diagnostic, authentication } = packet;
  if (!Number.isInteger(diagnostic) || diagnostic < 0 || diagnostic > 0x1f) {
    throw new RangeError(`diagnostic ${diagnostic}`);
  }
  const section = new Writer(MANDATORY_LENGTH + 4);
  if (authentication) encodeAuthentication(authentication, section);
  const w = new Writer(MANDATORY_LENGTH + section.length)
    .u8((VERSION << 5) | diagnostic)
    .u8((STATES.indexOf(packet.state) << 6) | flagsOf(packet))
    .u8(packet.multiplier)
    .u8(MANDATORY_LENGTH + section.length)
    .u32(packet.myDiscriminator)
    .u32(packet.yourDiscriminator)
    .u32(packet.desiredMinTxUs)
    .u32(packet.requiredMinRxUs)
    .u32(packet.requiredMinEchoRxUs);
  return w.bytes(section.toBytes()).toBytes();
}

function flagsOf(packet: BfdControl): number {
  return (
    (packet.isPoll ? POLL : 0) |
    (packet.isFinal ? FINAL : 0) |
    (packet.isControlPlaneIndependent ? CONTROL_PLANE_INDEPENDENT : 0) |
    (packet.authentication ? AUTHENTICATION_PRESENT : 0) |
    (packet.isDemand ? DEMAND : 0) |
    (packet.isMultipoint ? MULTIPOINT : 0)
  );
}
