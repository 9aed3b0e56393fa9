import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Host } from "./host.ts";
import type { LabProcess } from "./lab-process.ts";
import { until } from "./until.ts";

/** How to start BIRD. */
export interface BirdOptions {
  /** Where its files are: a folder that ends with the lab. */
  readonly folder: string;
  readonly config: string;
}

/** BIRD in a host of the lab. */
export class Bird implements AsyncDisposable {
  readonly host: Host;
  readonly process: LabProcess;
  /** Where `birdc -s` finds it. */
  readonly control: string;

  private constructor(host: Host, process: LabProcess, control: string) {
    this.host = host;
    this.process = process;
    this.control = control;
  }

  /** Starts it, and waits until it can be asked. */
  static async start(host: Host, { folder, config }: BirdOptions): Promise<Bird> {
    const [file, control, pid] = ["conf", "ctl", "pid"].map((suffix) => join(folder, `bird-${host.name}.${suffix}`));
    if (!file || !control || !pid) throw new RangeError("three names");
    writeFileSync(file, config);
    const process = host.start(["/usr/sbin/bird", "-f", "-c", file, "-s", control, "-P", pid], {
      name: `bird-${host.name}`,
    });
    const bird = new Bird(host, process, control);
    await until("BIRD can be asked", async () => (await bird.ask("show status")).includes("up and running"));
    return bird;
  }

  /** What birdc prints. */
  async ask(command: string): Promise<string> {
    return await this.host.exec(["birdc", "-s", this.control, ...command.split(" ")]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.process[Symbol.asyncDispose]();
  }
}
