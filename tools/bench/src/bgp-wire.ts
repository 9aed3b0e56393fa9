import { type Host, type LabProcess, until } from "@heraldlb/lab";

/** What happened to a route, and when, in milliseconds since 1970. */
export interface Sighting {
  readonly at: number;
  readonly what: "announced" | "withdrawn";
}

/** Begins to watch what a router hears by BGP from a node. */
export function startWire(router: Host, node: Host): LabProcess {
  return router.start(["tcpdump", "-i", "lan0", "-ntt", "-v", "-l", `tcp port 179 and src ${node.ipv4}`], {
    name: "wire",
  });
}

/** tcpdump's lines: a packet begins with its time, and says below what the UPDATE withdraws or announces. */
export function wireSightings(wire: LabProcess, address: string): readonly Sighting[] {
  const packets = wire.log().split(/^(?=\d+\.\d+ )/m);
  return packets.flatMap((packet): Sighting[] => {
    if (!packet.includes(`${address}/32`)) return [];
    const at = Number(packet.split(" ", 1)[0]) * 1000;
    return [{ at, what: /Withdrawn routes/i.test(packet) ? "withdrawn" : "announced" }];
  });
}

/** Waits until something has happened since a time, and returns when that was. */
export async function seen(look: () => readonly Sighting[], what: Sighting["what"], since: number): Promise<number> {
  const found = await until(
    `the route was ${what}`,
    () => look().findLast((sighting) => sighting.what === what && sighting.at >= since),
    { timeoutMs: 30_000, everyMs: 5 },
  );
  return found.at;
}
