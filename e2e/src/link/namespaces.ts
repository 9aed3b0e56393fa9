import { type ExecFileSyncOptionsWithStringEncoding, execFileSync } from "node:child_process";
import { existsSync } from "node:fs";

/** Two hosts with one wire between them. */
export interface Wire extends Disposable {
  /** Names of the namespaces. In each, the interface is called {@link INTERFACE}. */
  readonly near: string;
  readonly far: string;
}

/** The end of a wire. */
export const INTERFACE = "v0";

const QUIET: ExecFileSyncOptionsWithStringEncoding = { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] };

/** Runs `ip` with these arguments; throws with what it says. */
export const ip = (...args: readonly string[]): string => execFileSync("ip", args, QUIET);

/** Runs many commands of `ip` in a namespace by one process, which is much faster. */
export function ipBatch(namespace: string, commands: readonly string[]): void {
  execFileSync("ip", ["-n", namespace, "-batch", "-"], {
    input: commands.join("\n"),
    stdio: ["pipe", "ignore", "pipe"],
  });
}

let count = 0;
let nextIndex = 100;

/** Lays a wire between two new namespaces, and removes what crashed runs left. */
export function layWire(): Wire {
  sweep();
  const prefix = `L-${process.pid}-${count++}`;
  const wire = { near: `${prefix}-near`, far: `${prefix}-far` };
  const remove = () => [wire.near, wire.far].forEach(removeNamespace);
  try {
    for (const namespace of [wire.near, wire.far]) {
      ip("netns", "add", namespace);
      ip("-n", namespace, "link", "set", "lo", "up");
    }
    connect(wire);
  } catch (error) {
    remove();
    throw error;
  }
  return { ...wire, [Symbol.dispose]: remove };
}

/** Makes the wire, also again after one end was deleted, which takes the other with it. */
export function connect({ near, far }: Pick<Wire, "near" | "far">): void {
  // With the same index at both ends the kernel takes the wire for a network card, and reports carrier a second late.
  const index = String(nextIndex++);
  ip("-n", near, "link", "add", INTERFACE, "index", index, "type", "veth", "peer", "name", INTERFACE, "netns", far);
  for (const namespace of [near, far]) ip("-n", namespace, "link", "set", INTERFACE, "up");
}

/** The interface's index and MAC as `ip` tells them. */
export function describe(namespace: string): { readonly index: number; readonly mac: string } {
  const [link] = JSON.parse(ip("-n", namespace, "-json", "link", "show", INTERFACE));
  return { index: link.ifindex, mac: link.address };
}

function sweep(): void {
  const namespaces = ip("netns", "list")
    .split("\n")
    .map((line) => line.split(" ")[0] ?? "");
  for (const namespace of namespaces) {
    const pid = /^L-(\d+)-\d+-(near|far)$/.exec(namespace)?.[1];
    if (pid !== undefined && !existsSync(`/proc/${pid}`)) removeNamespace(namespace);
  }
}

function removeNamespace(namespace: string): void {
  try {
    ip("netns", "del", namespace);
  } catch {
    // It was not there.
  }
}
