import type { Ip } from "@heraldlb/net";
import type { Host } from "./host.ts";
import { scriptCommand } from "./script.ts";

/** Who answered each flow, by its source port; a flow that nobody answered is not in it. */
export type Flows = ReadonlyMap<number, string>;

/**
 * Sends UDP flows to a Service, port 80, the same ones at each call: whoever spreads flows over nodes by their addresses
 * and ports decides the same way about each as long as the nodes are the same.
 */
export async function flowsTo(host: Host, target: Ip, count: number): Promise<Flows> {
  const lines = (await host.exec(scriptCommand("flows-script", [target, "80", `${count}`]))).split("\n").slice(0, -1);
  return new Map(
    lines.map((line) => {
      const [port, name = ""] = line.split(" ");
      return [Number(port), name];
    }),
  );
}

/** The share, from 0 to 1, of a node's loss that others had to bear: of flows that were not its own, those that moved. */
export function movedShare(before: Flows, after: Flows, lost: string): number {
  const others = [...before].filter(([, name]) => name !== lost);
  return others.filter(([port, name]) => after.get(port) !== name).length / others.length;
}
