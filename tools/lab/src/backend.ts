import type { Ip } from "@heraldlb/net";
import type { Host } from "./host.ts";
import type { LabProcess } from "./lab-process.ts";
import { scriptCommand } from "./script.ts";
import { until } from "./until.ts";

/** What answers a service's clients, by HTTP and by UDP. */
export interface BackendOptions {
  /** The process's name. */
  readonly name: string;
  /** What it answers: the whole of a page, the end of a datagram that begins with what was sent. */
  readonly answer: string;
  readonly port: number;
  /** Where it answers. Default: at every address of its host. */
  readonly addresses?: readonly Ip[] | undefined;
}

/** Starts a backend on a host. Does not wait until it listens: {@link backendListens}. */
export function startBackend(host: Host, { name, answer, port, addresses = [] }: BackendOptions): LabProcess {
  return host.start(scriptCommand("backend-script", [answer, `${port}`, ...addresses]), { name });
}

/** Waits until a host listens at a port, TCP and UDP; at each of these addresses, if there are any. */
export async function backendListens(host: Host, port: number, addresses: readonly Ip[] = []): Promise<void> {
  await until(`${host.name} listened at port ${port}`, async () => {
    const listening = (await host.exec(["ss", "-Hln", "sport", "=", `:${port}`])).split("\n");
    const isThere = (protocol: string, address: string): boolean =>
      listening.some((line) => line.startsWith(protocol) && line.includes(address));
    return (addresses.length > 0 ? addresses : [""]).every((own) => isThere("tcp", own) && isThere("udp", own));
  });
}
