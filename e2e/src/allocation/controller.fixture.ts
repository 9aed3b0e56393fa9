import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readFolder } from "@heraldlb/files";
import { heraldCommand, until } from "@heraldlb/lab";

type Json = Readonly<Record<string, unknown>>;

/** A line of a process's log. */
export interface LogLine {
  readonly message: string;
  readonly service?: string;
  readonly [field: string]: unknown;
}

/** A Service as its file in `.herald/status` has it. */
export interface Given {
  readonly addresses: readonly string[];
  readonly pool: string;
  readonly conditions: readonly Json[];
}

/** An IPAddressPool. */
export const pool = (name: string, addresses: readonly string[], annotations: Json = {}): Json => ({
  ...{ apiVersion: "metallb.io/v1beta1", kind: "IPAddressPool" },
  metadata: { name, namespace: "metallb-system", annotations },
  spec: { addresses },
});

/** A Service of type LoadBalancer in the namespace `default`. */
export const service = (name: string, spec: Json = {}, metadata: Json = {}): Json => ({
  ...{ apiVersion: "v1", kind: "Service" },
  metadata: { name, namespace: "default", ...metadata },
  spec: { type: "LoadBalancer", ports: [{ port: 80 }], ...spec },
});

/** A folder of manifests with a real controller on it. Disposal kills the controller and removes the folder. */
export class Site implements AsyncDisposable {
  readonly #folder: string;
  #child: ChildProcess | undefined;
  #log = "";

  private constructor(folder: string) {
    this.#folder = folder;
  }

  /** A site without a controller yet. */
  static async create(objects: readonly Json[]): Promise<Site> {
    const site = new Site(await mkdtemp(join(tmpdir(), "herald-allocation-")));
    await site.write(objects);
    return site;
  }

  /** The folder has these objects from now on, and no others. */
  async write(objects: readonly Json[]): Promise<void> {
    await writeFile(join(this.#folder, "all.json"), JSON.stringify({ apiVersion: "v1", kind: "List", items: objects }));
  }

  /** Starts a controller, and waits until it decides. */
  async start(): Promise<void> {
    this.#log = "";
    const args = ["--source", `file:${this.#folder}`, "--insecure", "--log-format", "json", "--log-level", "debug"];
    const child = spawn(heraldCommand("herald-controller"), [
      ...args,
      ...["--listen", "127.0.0.1:0", "--metrics", "127.0.0.1:0"],
    ]);
    child.stdout.on("data", (chunk) => {
      this.#log += chunk;
    });
    this.#child = child;
    await until("the controller decided", () => this.lines("beginning").length > 0, { timeoutMs: 20_000 });
  }

  /** Kills the controller in the middle of whatever it does. */
  async kill(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (!child || child.exitCode !== null) return;
    child.kill("SIGKILL");
    await once(child, "close");
  }

  /** Lines of the running controller's log with this message. */
  lines(message: string): LogLine[] {
    const lines = this.#log.split("\n").slice(0, -1);
    return lines.map((line) => JSON.parse(line) as LogLine).filter((line) => line.message === message);
  }

  /** What is stored of all Services, by name. */
  async given(): Promise<ReadonlyMap<string, Given>> {
    const { objects } = await readFolder(join(this.#folder, ".herald/status"));
    return new Map(
      objects.map(({ json }) => {
        const { metadata, status } = json as StoredService;
        const given: Given = {
          addresses: status.loadBalancer.ingress.map(({ ip }) => ip),
          pool: metadata.annotations["metallb.io/ip-allocated-from-pool"] ?? "",
          conditions: status.conditions ?? [],
        };
        return [metadata.name, given];
      }),
    );
  }

  /** Waits until exactly these Services have addresses, and returns them. */
  async settled(...names: readonly string[]): Promise<Readonly<Record<string, readonly string[]>>> {
    const wanted = names.toSorted().join();
    let given: ReadonlyMap<string, Given> = new Map();
    await until(`${wanted || "nobody"} had addresses`, async () => {
      given = await this.given();
      return Array.from(given.keys()).toSorted().join() === wanted;
    });
    return Object.fromEntries(Array.from(given, ([name, { addresses }]) => [name, addresses]));
  }

  /** Waits until the Service is told why it has nothing, and returns that. */
  async refused(service: string): Promise<LogLine> {
    let line: LogLine | undefined;
    await until(`${service} was refused`, () => {
      line = this.lines("no addresses given").findLast((each) => each.service === `default/${service}`);
      return line !== undefined;
    });
    return line as LogLine;
  }

  /** A file of the controller's own folder. */
  async own(name: string): Promise<string> {
    return await readFile(join(this.#folder, ".herald", name), "utf8");
  }

  /** Spoils a file of the controller's own folder. */
  async spoil(name: string): Promise<void> {
    await writeFile(join(this.#folder, ".herald", name), "{");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
    await rm(this.#folder, { recursive: true, force: true });
  }
}

interface StoredService {
  readonly metadata: { readonly name: string; readonly annotations: Readonly<Record<string, string>> };
  readonly status: {
    readonly loadBalancer: { readonly ingress: readonly { readonly ip: string }[] };
    readonly conditions?: readonly Json[];
  };
}
