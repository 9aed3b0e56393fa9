import { LITTLE_ENDIAN } from "./host-order.ts";

/** One instruction of classic BPF (`struct sock_filter` of linux/filter.h). */
export interface BpfInstruction {
  /** Operation: class, size and mode, or class, operation and source. */
  readonly code: number;
  /** Instructions to skip if the comparison holds. */
  readonly jt: number;
  /** Instructions to skip if it does not. */
  readonly jf: number;
  /** The operand, 32 bits. */
  readonly k: number;
}

/** Operation codes of the instructions below, as linux/bpf_common.h composes them. */
export const BPF = {
  loadHalf: 0x28,
  loadByte: 0x30,
  loadWord: 0x20,
  ifEqual: 0x15,
  ifAtLeast: 0x35,
  ret: 0x06,
} as const;

/** Where the kernel shows a frame's packet type (`SKF_AD_OFF + SKF_AD_PKTTYPE`): to us, to all, to others, from us. */
export const PACKET_TYPE_OFFSET = 0xfffff004;

/** Added to an offset, it counts from the network header (`SKF_NET_OFF`), wherever the program's own data begin. */
export const NETWORK_HEADER = 0xfff00000;

/** The kernel's limit for a program (`BPF_MAXINSNS`). */
const MAX_INSTRUCTIONS = 4096;

const INSTRUCTION_LENGTH = 8;

/** Loads 16 bits in network order. A load beyond the frame's end drops the frame. */
export const loadHalf = (offset: number): BpfInstruction => ({ code: BPF.loadHalf, jt: 0, jf: 0, k: offset });

/** Loads one byte. */
export const loadByte = (offset: number): BpfInstruction => ({ code: BPF.loadByte, jt: 0, jf: 0, k: offset });

/** Loads 32 bits in network order. */
export const loadWord = (offset: number): BpfInstruction => ({ code: BPF.loadWord, jt: 0, jf: 0, k: offset });

/** Loads the packet type that the kernel noted beside the frame. */
export const loadPacketType = (): BpfInstruction => loadWord(PACKET_TYPE_OFFSET);

/** Skips `jt` instructions if the loaded value is `k`, otherwise `jf`. */
export const ifEqual = (k: number, jt: number, jf: number): BpfInstruction => ({ code: BPF.ifEqual, jt, jf, k });

/** Skips `jt` instructions if the loaded value is at least `k`, otherwise `jf`. */
export const ifAtLeast = (k: number, jt: number, jf: number): BpfInstruction => ({ code: BPF.ifAtLeast, jt, jf, k });

/** Ends the program, keeping the first `length` bytes of the frame; 0 drops it. */
export const ret = (length: number): BpfInstruction => ({ code: BPF.ret, jt: 0, jf: 0, k: length });

/** The program as an array of `struct sock_filter`, in the byte order of this machine. */
export function encodeProgram(instructions: readonly BpfInstruction[]): Uint8Array {
  if (instructions.length === 0 || instructions.length > MAX_INSTRUCTIONS) {
    throw new RangeError(`a filter of ${instructions.length} instructions`);
  }
  const bytes = new Uint8Array(instructions.length * INSTRUCTION_LENGTH);
  const view = new DataView(bytes.buffer);
  instructions.forEach(({ code, jt, jf, k }, i) => {
    const at = i * INSTRUCTION_LENGTH;
    view.setUint16(at, code, LITTLE_ENDIAN);
    view.setUint8(at + 2, jt);
    view.setUint8(at + 3, jf);
    view.setUint32(at + 4, k, LITTLE_ENDIAN);
  });
  return bytes;
}
