import type { FrameFilter } from "./filter.ts";
import type { LinkError } from "./link-error.ts";

/** How frames are read and written: by our own addon on AF_PACKET, or by libpcap in a process of its own. */
export type FrameBackend = "packet" | "pcap";

/** What {@link openFrameSocket} opens. */
export interface FrameSocketOptions {
  /** Name of the interface. */
  readonly interface: string;
  readonly filter: FrameFilter;
  /** `packet` unless stated otherwise. */
  readonly backend?: FrameBackend | undefined;
  /** Receive buffer per socket in bytes; 4 MiB unless stated otherwise. What was granted is in {@link FrameSocket.receiveBufferBytes}. */
  readonly receiveBufferBytes?: number | undefined;
}

/** Where a {@link FrameSocket} delivers. An exception thrown in either is an uncaught exception of the process. */
export interface FrameHandlers {
  /**
   * Called with at least one frame, oldest first, each from its destination address on, without checksum.
   *
   * The frames are views of memory that is overwritten after the call: copy what outlives it.
   */
  onFrames(frames: readonly Uint8Array[]): void;
  /** Called when the interface goes down or away, and when the capture process must be replaced. */
  onError(error: LinkError): void;
}

/** Counters since the socket was opened. Every frame that passed the filter is in one of them. */
export interface FrameStatistics {
  /** Frames passed to `onFrames`. */
  readonly received: number;
  /** Frames lost because a buffer was full. */
  readonly dropped: number;
  /** Frames longer than 2,048 bytes (`pcap`: 512), which are discarded. */
  readonly oversized: number;
  /** Frames that could not be sent. */
  readonly unsent: number;
}

/**
 * Sends and receives raw Ethernet frames on one interface.
 *
 * Frames of this host itself, frames to other hosts' addresses and frames with a VLAN tag are never received; but
 * `pcap` knows this host's frames only by the interface's own MAC.
 */
export interface FrameSocket extends AsyncDisposable {
  readonly backend: FrameBackend;
  readonly interface: string;
  /** The interface's index at the time of opening. An interface that is deleted and recreated has another one. */
  readonly index: number;
  /** The receive buffer that the kernel granted, in bytes (for `pcap`: that was asked for). */
  readonly receiveBufferBytes: number;
  /**
   * Sends one frame, from its destination address on.
   *
   * Returns false if it was not sent: interface down or gone, buffers full, socket closed.
   * Throws a `RangeError` if it is shorter than an Ethernet header or longer than the interface takes.
   */
  send(frame: Uint8Array): boolean;
  /** Sends frames in order and with few system calls; returns how many were sent. The rest was not. */
  sendAll(frames: readonly Uint8Array[]): number;
  /** Replaces the filter; frames that the earlier one let through may still be delivered. */
  setFilter(filter: FrameFilter): Promise<void>;
  statistics(): Promise<FrameStatistics>;
  /** Closes the socket: no handler is called any more. Resolves when every descriptor and process is gone. */
  close(): Promise<void>;
}
