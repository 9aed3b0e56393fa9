// A frame socket in a worker thread that nobody closes before the thread ends.
import { parentPort, workerData } from "node:worker_threads";
import { arpAndNdpFilter, openFrameSocket } from "@heraldlb/link";
import { toHex } from "./frames.ts";

await openFrameSocket(
  { interface: workerData as string, filter: arpAndNdpFilter() },
  {
    onFrames: (frames) => parentPort?.postMessage({ frames: frames.map(toHex) }),
    onError: ({ code }) => parentPort?.postMessage({ code }),
  },
);
parentPort?.postMessage({ open: true });
