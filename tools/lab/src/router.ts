import { chownSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Host } from "./host.ts";
import type { LabProcess } from "./lab-process.ts";
import { until } from "./until.ts";

/** How to start a router. */
export interface FrrOptions {
  /** bgpd's part of frr.conf. */
  readonly bgp: string;
  /** bfdd's part; without it there is no BFD. */
  readonly bfd?: string | undefined;
  /** Where bgpd listens; 0 is nowhere. Default 179. */
  readonly port?: number | undefined;
}

const DAEMONS = "/usr/lib/frr";

/** FRR in a host of the lab, with files and sockets of its own. */
export class Frr implements AsyncDisposable {
  readonly host: Host;
  /** Where its files are, and where `vtysh --vty_socket` finds it. */
  readonly folder: string;
  readonly #processes: readonly LabProcess[];

  private constructor(host: Host, folder: string, processes: readonly LabProcess[]) {
    this.host = host;
    this.folder = folder;
    this.#processes = processes;
  }

  /** Starts FRR's daemons, and waits until bgpd can be asked. */
  static async start(host: Host, { bgp, bfd, port = 179 }: FrrOptions): Promise<Frr> {
    const folder = join(host.folder, `frr-${host.name}`);
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder);
    own(folder);
    const parts = new Map([["zebra", ""], ...(bfd === undefined ? [] : [["bfdd", bfd] as const]), ["bgpd", bgp]]);
    const processes: LabProcess[] = [];
    const frr = new Frr(host, folder, processes);
    try {
      for (const [daemon, config] of parts) {
        const file = join(folder, `${daemon}.conf`);
        writeFileSync(file, `log stdout\n${config}\n`);
        own(file);
        const command: readonly [string, ...string[]] = [
          join(DAEMONS, daemon),
          ...["-f", file, "-i", join(folder, `${daemon}.pid`), "-z", join(folder, "zserv"), "--vty_socket", folder],
          ...["-u", "frr", "-g", "frr", "-A", "127.0.0.1", "-P", "0"],
          ...(daemon === "bgpd" ? ["-p", `${port}`] : []),
          ...(daemon === "bfdd" ? ["--bfdctl", join(folder, "bfdd.sock")] : []),
        ];
        processes.push(host.start(command, { name: `${daemon}-${host.name}` }));
        // bfdd that does not find zebra at once tries again after 10 s only.
        await until("zebra listened", () => existsSync(join(folder, "zserv")));
      }
      await until("FRR can be asked", async () => (await frr.#vtysh("show bgp summary json")).exitCode === 0);
    } catch (error) {
      await frr[Symbol.asyncDispose]();
      throw error;
    }
    return frr;
  }

  /** bgpd's process. */
  get bgpd(): LabProcess {
    return this.#processes.at(-1) as LabProcess;
  }

  /** What `show … json` says. */
  async show(what: string): Promise<unknown> {
    const { exitCode, stdout, stderr } = await this.#vtysh(`show ${what} json`);
    if (exitCode !== 0) throw new Error(`show ${what}: ${stdout}${stderr}`);
    return JSON.parse(stdout || "{}");
  }

  /** Runs commands, such as those after `configure terminal`. */
  async run(...commands: readonly string[]): Promise<string> {
    const { exitCode, stdout, stderr } = await this.#vtysh(...commands);
    if (exitCode !== 0) throw new Error(`${commands.join("; ")}: ${stdout}${stderr}`);
    return stdout;
  }

  async #vtysh(...commands: readonly string[]) {
    const all = commands.flatMap((command) => ["-c", command]);
    return await this.host.attempt(["vtysh", "--vty_socket", this.folder, ...all]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const process of this.#processes) await process[Symbol.asyncDispose]();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** FRR's daemons give up being root, and then want to own what is theirs. */
function own(path: string): void {
  const { uid, gid } = frrUser();
  chownSync(path, uid, gid);
}

function frrUser(): { readonly uid: number; readonly gid: number } {
  const line = readFileSync("/etc/passwd", "utf8")
    .split("\n")
    .find((entry) => entry.startsWith("frr:"));
  const [, , uid, gid] = line?.split(":") ?? [];
  return { uid: Number(uid), gid: Number(gid) };
}
