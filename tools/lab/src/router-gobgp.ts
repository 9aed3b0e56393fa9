import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Host } from "./host.ts";
import type { LabProcess } from "./lab-process.ts";
import { until } from "./until.ts";

/** How to start GoBGP. */
export interface GoBgpOptions {
  /** Where its configuration is: a folder that ends with the lab. */
  readonly folder: string;
  /** TOML. */
  readonly config: string;
}

/** GoBGP in a host of the lab. */
export class GoBgp implements AsyncDisposable {
  readonly host: Host;
  readonly process: LabProcess;

  private constructor(host: Host, process: LabProcess) {
    this.host = host;
    this.process = process;
  }

  /** Starts it, and waits until it can be asked. */
  static async start(host: Host, { folder, config }: GoBgpOptions): Promise<GoBgp> {
    const file = join(folder, `gobgp-${host.name}.toml`);
    writeFileSync(file, config);
    const process = host.start(["gobgpd", "-f", file, "--api-hosts", "127.0.0.1:50051", "--pprof-disable"], {
      name: `gobgpd-${host.name}`,
    });
    const gobgp = new GoBgp(host, process);
    await until("GoBGP can be asked", async () => (await gobgp.ask("global")) !== undefined);
    return gobgp;
  }

  /** What `gobgp … -j` says. */
  async ask(command: string): Promise<unknown> {
    return JSON.parse(await this.host.exec(["gobgp", "-j", ...command.split(" ")]));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.process[Symbol.asyncDispose]();
  }
}
