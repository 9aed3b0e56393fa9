import { attempt, FOREIGN, native, type Receiver, TRUNCATED } from "./native.ts";

/** Memory that the addon reads into. One is enough for all sockets of a thread: batches are handled one at a time. */
export interface Ring {
  readonly bytes: Uint8Array;
  readonly info: Uint32Array;
  readonly slot: number;
}

/** Memory for `count` datagrams of up to `slot` bytes. */
export function createRing(count: number, slot: number): Ring {
  return { bytes: new Uint8Array(count * slot), info: new Uint32Array(count * 2), slot };
}

/** Where a {@link Reading} delivers. */
export interface ReadingHandlers {
  /** The datagrams are views of the ring; `truncated` counts those that were longer than a slot and left out. */
  onDatagrams(datagrams: readonly Uint8Array[], truncated: number): void;
  /** Called with an error number; the descriptor is read on. */
  onErrno(errno: number): void;
}

/** A descriptor that is read whenever something is there. */
export interface Reading {
  /** No handler is called any more. Resolves when the descriptor is closed. */
  close(): Promise<void>;
}

/** Reads from a descriptor, and owns it: it is closed also if this throws. */
export function startReading(fd: number, ring: Ring, handlers: ReadingHandlers): Reading {
  let receiver: Receiver;
  try {
    receiver = attempt("read a socket", (native) =>
      native.start(fd, ring.bytes, ring.info, ring.slot, (errno, count) => {
        if (errno !== 0) return handlers.onErrno(errno);
        const { datagrams, truncated } = collect(ring, count);
        if (datagrams.length > 0 || truncated > 0) handlers.onDatagrams(datagrams, truncated);
      }),
    );
  } catch (error) {
    native().close(fd);
    throw error;
  }
  let closed: Promise<void> | undefined;
  return {
    close: () => {
      closed ??= new Promise((resolve) => native().stop(receiver, resolve));
      return closed;
    },
  };
}

function collect({ bytes, info, slot }: Ring, count: number) {
  const datagrams: Uint8Array[] = [];
  let truncated = 0;
  for (let i = 0; i < count; i++) {
    const length = info[2 * i] ?? 0;
    const flags = info[2 * i + 1] ?? 0;
    if (flags & FOREIGN) continue;
    if (flags & TRUNCATED) truncated++;
    else datagrams.push(bytes.subarray(i * slot, i * slot + length));
  }
  return { datagrams, truncated };
}
