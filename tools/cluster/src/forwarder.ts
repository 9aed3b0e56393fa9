import { connect, createServer, type NetConnectOpts, type Server } from "node:net";

/** A server that hands every connection on to another one. The end of either side is the end of both. */
export function forwarder(target: NetConnectOpts): Server {
  return createServer((from) => {
    const to = connect(target);
    from.pipe(to).pipe(from);
    for (const [one, other] of [
      [from, to],
      [to, from],
    ] as const) {
      // Why it ended does not matter to anybody.
      one.on("error", () => {}).on("close", () => other.destroy());
    }
  });
}
