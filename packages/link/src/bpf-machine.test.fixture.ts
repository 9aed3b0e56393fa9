import { BPF, type BpfInstruction, NETWORK_HEADER, PACKET_TYPE_OFFSET } from "./bpf.ts";

/** What the kernel knows of a frame beside its bytes (linux/if_packet.h). */
export const PACKET_TYPE = { host: 0, broadcast: 1, multicast: 2, otherHost: 3, outgoing: 4 } as const;

/** Runs a program as the kernel does; returns how many bytes it keeps. A frame may begin with its network header. */
export function runProgram(program: readonly BpfInstruction[], frame: Uint8Array, packetType: number): number {
  let accumulator = 0;
  for (let pc = 0; pc < program.length; pc++) {
    const { code, jt, jf, k } = program[pc] as BpfInstruction;
    const load = (length: number) => {
      const at = k >= NETWORK_HEADER ? k - NETWORK_HEADER : k;
      if (at + length > frame.length) return undefined;
      return frame.subarray(at, at + length).reduce((value, byte) => value * 256 + byte, 0);
    };
    switch (code) {
      case BPF.loadByte:
      case BPF.loadHalf:
      case BPF.loadWord: {
        const value = k === PACKET_TYPE_OFFSET ? packetType : load(WIDTH[code]);
        if (value === undefined) return 0;
        accumulator = value;
        break;
      }
      case BPF.ifEqual:
        pc += accumulator === k ? jt : jf;
        break;
      case BPF.ifAtLeast:
        pc += accumulator >= k ? jt : jf;
        break;
      case BPF.ret:
        return k;
      default:
        throw new RangeError(`unknown operation ${code}`);
    }
  }
  throw new RangeError("ran off the end, which the kernel does not accept");
}

const WIDTH = { [BPF.loadByte]: 1, [BPF.loadHalf]: 2, [BPF.loadWord]: 4 } as const;
