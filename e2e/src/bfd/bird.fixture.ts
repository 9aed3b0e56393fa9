import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { attempt, run, until } from "@heraldlb/lab";

/** BIRD in a network namespace, with nothing but BFD. Disposing of it kills it. */
export interface Bird extends AsyncDisposable {
  /** Its state of the session with an address, such as `Up`; `undefined` if it has none. */
  stateOf(address: string): Promise<string | undefined>;
  /** Takes up another `protocol bfd` section without a restart. */
  configure(bfd: string): Promise<void>;
  kill(signal: NodeJS.Signals): void;
}

/** Starts BIRD (Debian package bird2) with a `protocol bfd` section. */
export async function startBird(namespace: string, bfd: string): Promise<Bird> {
  const folder = await mkdtemp(join(tmpdir(), "herald-bird-"));
  const [file, socket] = [join(folder, "bird.conf"), join(folder, "bird.ctl")] as const;
  const write = (section: string) =>
    writeFile(file, `router id 192.0.2.2;\nprotocol device {}\nprotocol bfd {\n${section}\n}\n`);
  const birdc = (...words: readonly string[]) => run("birdc", ["-s", socket, ...words]);
  let bird: ChildProcess | undefined;

  async function dispose(): Promise<void> {
    if (bird && bird.exitCode === null && bird.signalCode === null) {
      const exited = once(bird, "exit");
      bird.kill("SIGKILL");
      await exited;
    }
    await rm(folder, { recursive: true });
  }

  try {
    await write(bfd);
    const command = ["ip", "netns", "exec", namespace, "bird", "-f", "-c", file, "-s", socket];
    bird = spawn("setpriv", ["--pdeathsig", "KILL", ...command], { stdio: "ignore" });
    await until("BIRD answered", async () => (await attempt("birdc", ["-s", socket, "show", "status"])).exitCode === 0);
  } catch (cause) {
    await dispose();
    throw cause;
  }
  return {
    async stateOf(address) {
      const lines = (await birdc("show", "bfd", "sessions")).split("\n").map((line) => line.trim().split(/\s+/));
      return lines.find(([peer]) => peer === address)?.[2];
    },
    async configure(section) {
      await write(section);
      await birdc("configure");
    },
    kill: (signal) => void bird?.kill(signal),
    [Symbol.asyncDispose]: dispose,
  };
}
