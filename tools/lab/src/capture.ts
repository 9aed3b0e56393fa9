import type { Ip } from "@heraldlb/net";
import { type Claim, claimOf } from "./claims.ts";
import type { LabProcess } from "./lab-process.ts";
import { monotonicMs } from "./monotonic.ts";
import { PcapReader } from "./pcap.ts";
import { type UntilOptions, until } from "./until.ts";

/** A frame as a capture saw it. */
export interface Frame {
  /** `monotonicMs()` when the kernel saw it. */
  readonly at: number;
  readonly bytes: Uint8Array;
}

/**
 * What tcpdump is told, apart from the interface and the filter: whole frames at once, stamped to the nanosecond. Its
 * buffer has a place of the snapshot's length for each frame: with the default length there would be 32 of them.
 */
export const TCPDUMP: readonly [string, ...string[]] = [
  "tcpdump",
  "--immediate-mode",
  "--packet-buffered",
  "--time-stamp-precision=nano",
  "--relinquish-privileges=root",
  "--snapshot-length=2048",
  "--buffer-size=32768",
  "-n",
  "-w",
  "-",
];

/** What can claim an address: ARP, and Neighbor Advertisements. */
export const CLAIMS_FILTER = "arp or (icmp6 and ip6[40] == 136)";

/** A running capture. */
export class Capture implements AsyncDisposable {
  readonly #process: LabProcess;
  readonly #frames: Frame[] = [];
  readonly #ended: Promise<void>;

  /** Takes over a tcpdump that was started with {@link TCPDUMP} and a piped output. */
  constructor(process: LabProcess) {
    const { stdout } = process;
    if (!stdout) throw new TypeError("a capture's output must be a pipe");
    this.#process = process;
    const reader = new PcapReader();
    const epochToMonotonic = monotonicMs() - Date.now();
    stdout.on("data", (chunk: Uint8Array) => {
      for (const { atEpochMs, bytes } of reader.push(chunk)) {
        this.#frames.push({ at: atEpochMs + epochToMonotonic, bytes });
      }
    });
    this.#ended = new Promise((resolve) => stdout.once("close", resolve));
  }

  /** All frames so far, in order. */
  get frames(): readonly Frame[] {
    return this.#frames;
  }

  /** All claims of an address so far, from some moment on. */
  claims(address: Ip, since: number = Number.NEGATIVE_INFINITY): Claim[] {
    return this.#frames
      .flatMap(({ bytes, at }) => (at < since ? [] : (claimOf(bytes, at) ?? [])))
      .filter((claim) => claim.address === address);
  }

  /** Waits for a claim that fits, captured at or after `since`. */
  async claimed(
    address: Ip,
    since: number,
    { fits = () => true, ...options }: UntilOptions & { readonly fits?: (claim: Claim) => boolean } = {},
  ): Promise<Claim> {
    return await until(`${address} was claimed`, () => this.claims(address, since).find(fits), options);
  }

  /** How many frames were lost because nobody read them in time; known after {@link Capture.stop}. */
  get dropped(): number {
    return Number(/(\d+) packets? dropped by kernel/.exec(this.#process.log())?.[1]);
  }

  /** Ends the capture; all frames are there afterwards. */
  async stop(): Promise<void> {
    await this.#process.stop();
    await this.#ended;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}
