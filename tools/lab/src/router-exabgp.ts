import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Host } from "./host.ts";
import type { LabProcess } from "./lab-process.ts";
import { until } from "./until.ts";

/** How to start ExaBGP. */
export interface ExaBgpOptions {
  /** Where its files are: a folder that ends with the lab. */
  readonly folder: string;
  /** What stands in the section of the neighbor, with whom there is one session. */
  readonly neighbor: string;
  readonly lines: readonly string[];
  /** Where it listens. */
  readonly listen: string;
}

/** ExaBGP in a host of the lab, which writes down what it hears. */
export class ExaBgp implements AsyncDisposable {
  readonly host: Host;
  readonly process: LabProcess;
  readonly #heard: string;

  private constructor(host: Host, process: LabProcess, heard: string) {
    this.host = host;
    this.process = process;
    this.#heard = heard;
  }

  /** Starts it, and waits until it listens. */
  static async start(host: Host, { folder, neighbor, lines, listen }: ExaBgpOptions): Promise<ExaBgp> {
    const path = (suffix: string) => join(folder, `exabgp-${host.name}.${suffix}`);
    const [config, script, heard] = [path("conf"), path("sh"), path("json")];
    writeFileSync(heard, "");
    // The shell stays, since ExaBGP takes a helper for dead that has closed its output.
    writeFileSync(script, `#!/bin/sh\ncat > ${heard}\n`, { mode: 0o700 });
    const watch = `process watch { run ${script}; encoder json; }`;
    const api = "api { processes [ watch ]; receive { parsed; update; } }";
    writeFileSync(config, `${watch}\nneighbor ${neighbor} {\n${[...lines, api].join("\n")}\n}\n`);
    const env = { exabgp_tcp_bind: listen, exabgp_tcp_port: "179", exabgp_daemon_user: "root" };
    const process = host.start(["exabgp", config], { name: `exabgp-${host.name}`, env });
    await until("ExaBGP listens", async () => (await host.exec(["ss", "-Htln"])).includes(":179"), {
      timeoutMs: 20_000,
    });
    return new ExaBgp(host, process, heard);
  }

  /** The messages that it has heard, as it describes them. */
  heard(): readonly unknown[] {
    const lines = readFileSync(this.#heard, "utf8").split("\n").slice(0, -1);
    return lines.map((line) => JSON.parse(line) as unknown);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.process[Symbol.asyncDispose]();
  }
}
