// A node's BGP sessions without the rest of the speaker, told what to do over a Unix socket: a line of JSON each way.
// Arguments: the socket's path, the node's name, and settings as JSON (`DriverSettings`).
import { createServer } from "node:net";
import { createInterface } from "node:readline";
import { type Interface, openFrameSocket, openMulticastGroups, watchInterfaces } from "@heraldlb/link";
import { type LogFields, type Logger, type LogLevel, systemClock } from "@heraldlb/runtime";
import { type BgpEnvironment, BgpSpeaker, NeighborDiscovery } from "@heraldlb/speaker";
import type { DriverReply, DriverRequest, DriverSettings } from "./driver-protocol.ts";

const [path = "", node = "", text = "{}"] = process.argv.slice(2);
const { restart, listen, keptRoutes = 0, findsNeighbors = false } = JSON.parse(text) as DriverSettings;

function logger(context: LogFields): Logger {
  const at = (level: LogLevel) => (message: string, fields?: LogFields) =>
    void process.stderr.write(`${JSON.stringify({ level, message, ...context, ...fields })}\n`);
  return {
    debug: at("debug"),
    info: at("info"),
    warn: at("warn"),
    error: at("error"),
    child: (fields) => logger({ ...context, ...fields }),
  };
}

const interfaces = new Map<number, Interface>();
const environment: BgpEnvironment = {
  node,
  restart: restart ?? { hasRestarted: false, keptForwarding: false },
  listen,
  keptRoutes,
  clock: systemClock,
  log: logger({}),
  random: Math.random,
  interfaces: () => [...interfaces.values()],
};
const speaker = new BgpSpeaker(environment);
const discovery = new NeighborDiscovery(
  { ...environment, openSocket: openFrameSocket, openGroups: openMulticastGroups },
  (name, address) => address && speaker.setNeighbor(name, address),
);

/** The interfaces that peers without an address name. */
function unnumbered(): string[] {
  return [...speaker.sessions.values()].flatMap(({ peer }) => (peer.address ? [] : (peer.interface ?? [])));
}

async function reply(request: DriverRequest): Promise<DriverReply> {
  switch (request.type) {
    case "replace":
      speaker.replace(request.desired);
      break;
    case "apply":
      speaker.apply(request.changes);
      break;
    case "neighbor":
      speaker.setNeighbor(request.interface, request.address);
      break;
    case "close":
      await speaker.close(request.ending, request.reason);
      discovery.close();
      server.close();
      following.abort();
      break;
    case "status":
      break;
  }
  if (findsNeighbors) discovery.apply(unnumbered());
  const sessions = Array.from(speaker.sessions, ([name, session]) => ({
    name,
    state: session.state,
    address: session.address,
    trouble: session.trouble,
    isConverged: session.isConverged,
    routes: session.routes,
    received: Array.from(session.received.routes(), ({ prefix }) => prefix),
  }));
  return { sessions };
}

const server = createServer((socket) => {
  socket.on("error", () => {});
  createInterface({ input: socket }).on("line", async (line) => {
    socket.end(`${JSON.stringify(await reply(JSON.parse(line) as DriverRequest))}\n`);
  });
}).listen(path);

const following = new AbortController();
for await (const event of watchInterfaces(following.signal)) {
  if (event.type === "changed") interfaces.set(event.interface.index, event.interface);
  else if (event.type === "removed") interfaces.delete(event.interface.index);
  discovery.interfacesChanged();
  speaker.interfacesChanged();
}
