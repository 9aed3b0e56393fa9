import { existsSync } from "node:fs";
import { attempt, type Bfdd, type BfddPeer, type BfdHost, run, startBfd, startBfdd } from "@heraldlb/lab";
import type { Ip } from "@heraldlb/net";
import type { BfdProfile, DesiredSession } from "@heraldlb/speaker";

/** The interface of each end. */
export const WIRE = "wire0";

/** Herald's end and the router's: `near` and `far` are joined directly, or by way of `middle`. */
export interface Scene extends AsyncDisposable {
  readonly near: string;
  readonly middle: string;
  readonly far: string;
  /** Runs `ip` in a namespace. */
  ip(namespace: string, ...args: readonly string[]): Promise<string>;
  herald(): Promise<BfdHost>;
  frr(configuration: readonly string[], options?: { readonly isRealtime?: boolean }): Promise<Bfdd>;
  /** Lets a host route packets, or not. */
  setForwarding(namespace: string, forwarding: "on" | "off"): Promise<void>;
  /** Loses all packets to Herald's end, from Herald's end, or none. */
  cut(direction: "toHerald" | "toRouter" | "none"): Promise<void>;
}

/** The addresses of both ends. */
export const NEAR = { ipv4: "192.0.2.1" as Ip, ipv6: "2001:db8::1" as Ip, linkLocal: "fe80::1" as Ip };
export const FAR = { ipv4: "192.0.2.2" as Ip, ipv6: "2001:db8::2" as Ip, linkLocal: "fe80::2" as Ip };
/** The router's addresses, if there is a hop between. */
export const BEYOND = { ipv4: "198.51.100.2" as Ip, ipv6: "2001:db8:1::2" as Ip };

export const PROFILE: BfdProfile = {
  receiveIntervalMs: 100,
  transmitIntervalMs: 100,
  detectMultiplier: 3,
  echoIntervalMs: undefined,
  isPassive: false,
  minimumTtl: 254,
};

/** A session over the wire. */
export function session(
  family: "ipv4" | "ipv6" | "linkLocal" = "ipv4",
  profile: Partial<BfdProfile> = {},
): DesiredSession {
  return {
    local: NEAR[family],
    remote: FAR[family],
    interface: WIRE,
    isMultihop: false,
    profile: { ...PROFILE, ...profile },
  };
}

let count = 0;

/** Makes the network. `hops` is how many wires there are between Herald and the router. */
export async function createScene({ hops = 1 }: { readonly hops?: 1 | 2 } = {}): Promise<Scene> {
  await sweep();
  const prefix = `F-${process.pid}-${count++}`;
  const [near, middle, far] = ["near", "middle", "far"].map((name) => `${prefix}-${name}`) as [string, string, string];
  const started: AsyncDisposable[] = [];
  const inside = (namespace: string, ...args: readonly string[]) => run("ip", ["-n", namespace, ...args]);

  async function wire(a: string, b: string, addresses: readonly (readonly [string, string, string])[]): Promise<void> {
    const [nameA, nameB] = addresses.map(([, name]) => name) as [string, string];
    await run("ip", ["link", "add", nameA, "netns", a, "type", "veth", "peer", "name", nameB, "netns", b]);
    for (const [namespace, name, list] of addresses) {
      for (const address of list.split(" ")) await inside(namespace, "addr", "add", address, "dev", name, "nodad");
      await inside(namespace, "link", "set", name, "up");
    }
  }

  const scene: Scene = {
    near,
    middle,
    far,
    ip: inside,
    async setForwarding(namespace, forwarding) {
      const value = forwarding === "on" ? 1 : 0;
      const settings = [`net.ipv4.ip_forward=${value}`, `net.ipv6.conf.all.forwarding=${value}`];
      await run("ip", ["netns", "exec", namespace, "sysctl", "-qw", ...settings]);
    },
    async herald() {
      const host = await startBfd(near);
      started.push(host);
      return host;
    },
    async frr(configuration, options) {
      const bfdd = await startBfdd({ namespace: far, configuration, ...options });
      started.push(bfdd);
      return bfdd;
    },
    async cut(direction) {
      const chain = direction === "toHerald" ? "input" : "output";
      const drop = direction === "none" ? "" : `add rule inet cut ${chain} udp dport { 3784, 3785, 4784 } drop`;
      const rules = [
        "add table inet cut",
        "delete table inet cut",
        "add table inet cut",
        "add chain inet cut input { type filter hook input priority 0; }",
        "add chain inet cut output { type filter hook output priority 0; }",
        drop,
      ];
      await run("ip", ["netns", "exec", near, "nft", "-f", "-"], { input: `${rules.join("\n")}\n` });
    },
    async [Symbol.asyncDispose]() {
      for (const each of started.splice(0).reverse()) await each[Symbol.asyncDispose]();
      for (const name of [near, middle, far]) await attempt("ip", ["netns", "delete", name]);
    },
  };

  try {
    for (const name of [near, middle, far]) {
      await run("ip", ["netns", "add", name]);
      await inside(name, "link", "set", "lo", "up");
      await scene.setForwarding(name, "on");
    }
    const ours = [near, WIRE, "192.0.2.1/24 2001:db8::1/64 fe80::1/64"] as const;
    const theirs = [hops === 1 ? far : middle, WIRE, "192.0.2.2/24 2001:db8::2/64 fe80::2/64"] as const;
    await wire(near, theirs[0], [ours, theirs]);
    if (hops === 2) {
      const between = [middle, "wire1", "198.51.100.1/24 2001:db8:1::1/64"] as const;
      await wire(middle, far, [between, [far, WIRE, "198.51.100.2/24 2001:db8:1::2/64"]]);
      await inside(near, "route", "add", "default", "via", "192.0.2.2");
      await inside(near, "-6", "route", "add", "default", "via", "2001:db8::2");
      await inside(far, "route", "add", "default", "via", "198.51.100.1");
      await inside(far, "-6", "route", "add", "default", "via", "2001:db8:1::1");
    }
    return scene;
  } catch (cause) {
    await scene[Symbol.asyncDispose]();
    throw cause;
  }
}

/** Whether bfdd says of its session what a profile of Herald's announces. */
export function knows(
  peer: BfddPeer,
  { receiveIntervalMs, transmitIntervalMs, detectMultiplier }: BfdProfile,
): boolean {
  return (
    peer["remote-receive-interval"] === receiveIntervalMs &&
    peer["remote-transmit-interval"] === transmitIntervalMs &&
    peer["remote-detect-multiplier"] === detectMultiplier
  );
}

/** Removes what crashed runs left. */
async function sweep(): Promise<void> {
  for (const line of (await run("ip", ["netns", "list"])).split("\n")) {
    const name = line.split(" ", 1)[0] ?? "";
    const pid = /^F-(\d+)-\d+-(near|middle|far)$/.exec(name)?.[1];
    if (pid !== undefined && !existsSync(`/proc/${pid}`)) await attempt("ip", ["netns", "delete", name]);
  }
}
