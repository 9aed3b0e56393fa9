import type { FrameHandlers, FrameSocket, FrameSocketOptions } from "./frame-socket.ts";
import { openPacketSocket } from "./packet-socket.ts";

/**
 * Opens a socket on an interface. It is ready to hear when the promise resolves, also if the interface is down.
 *
 * Rejects with a {@link LinkError}: `gone`, `permission`, `unavailable` or `system`.
 */
export async function openFrameSocket(options: FrameSocketOptions, handlers: FrameHandlers): Promise<FrameSocket> {
  switch (options.backend ?? "packet") {
    case "packet":
      return openPacketSocket(options, handlers);
    case "pcap": {
      // Loaded when it is wanted: what starts processes takes half a megabyte.
      const { openPcapSocket } = await import("./pcap-socket.ts");
      return openPcapSocket(options, handlers);
    }
  }
}
