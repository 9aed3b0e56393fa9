// A node's BGP session with a router, and many routes on it. Arguments: this side's address, the router's, how many
// routes. Prints a line of JSON when the router has been told all, and stays.
import { type Interface, watchInterfaces } from "@heraldlb/link";
import { type Ip, ipFromBigInt, ipToBigInt, parseIp, parsePrefix } from "@heraldlb/net";
import { silentLogger, systemClock } from "@heraldlb/runtime";
import { type BgpRoute, BgpSpeaker } from "@heraldlb/speaker";

const FIRST = parseIp("172.16.0.0") as Ip;
const LOOK_MS = 1;

const [local = "", router = "", count = "0"] = process.argv.slice(2);
const interfaces = new Map<number, Interface>();
const synced = Promise.withResolvers<void>();
follow().catch(synced.reject);
await synced.promise;

const speaker = new BgpSpeaker({
  ...{ clock: systemClock, log: silentLogger, node: "bench", random: Math.random, listen: undefined, keptRoutes: 0 },
  restart: { hasRestarted: false, keptForwarding: false },
  interfaces: () => [...interfaces.values()],
});
const peer = {
  ...{ name: "router", address: parseIp(router), sourceAddress: parseIp(local), port: 179 },
  ...{ asn: 64_512, peerAsn: 64_513, holdSeconds: 180, keepaliveSeconds: 60 },
};
speaker.replace({ peers: [peer], routes: [] });
await settled();
await measure(routes(Number(count)));

async function measure(all: readonly BgpRoute[]): Promise<void> {
  const session = speaker.sessions.get("router");
  const [before, cpu] = [session?.messages.sent.update ?? 0, process.cpuUsage()];
  const began = Date.now();
  speaker.replace({ peers: [peer], routes: all });
  await settled(all.length);
  const { user, system } = process.cpuUsage(cpu);
  const updates = (session?.messages.sent.update ?? 0) - before;
  const sent = {
    began,
    ended: Date.now(),
    updates,
    cpuMs: (user + system) / 1000,
    rssMb: process.memoryUsage.rss() / 1e6,
  };
  process.stdout.write(`${JSON.stringify(sent)}\n`);
}

function routes(number: number): BgpRoute[] {
  return Array.from({ length: number }, (_, i) => {
    const text = `${ipFromBigInt("ipv4", ipToBigInt(FIRST) + BigInt(i))}/32`;
    return { id: text, prefix: parsePrefix(text) as BgpRoute["prefix"], attributes: {} };
  });
}

async function settled(count = 0): Promise<void> {
  const isTold = () => {
    const session = speaker.sessions.get("router");
    return session?.isConverged && session.routes.announced === count;
  };
  while (!isTold()) await systemClock.sleep(LOOK_MS);
}

async function follow(): Promise<void> {
  for await (const event of watchInterfaces(new AbortController().signal)) {
    if (event.type === "changed") interfaces.set(event.interface.index, event.interface);
    if (event.type === "synced") synced.resolve();
  }
}
