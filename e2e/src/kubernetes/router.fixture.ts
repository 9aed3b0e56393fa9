// FRR beside a cluster, and what it was told.
import { Frr, type Host, type Lab, until } from "@heraldlb/lab";
import { type Ip, isIpv4 } from "@heraldlb/net";

/** The AS of nodes and of the internal router. */
export const OWN_ASN = 64_512;
/** The AS of the external router. */
export const OTHER_ASN = 64_513;
/** What a router has been told: of each prefix the nodes that announce it, each with its attributes. */
export type Table = Readonly<Record<string, Paths>>;

/**
 * The nodes that announce a prefix, and what with: communities, large ones with `large:` before them, on the internal
 * router `pref` and the local preference if that is not 100, and the origin if that is not IGP.
 */
export type Paths = Readonly<Record<string, string>>;

/** FRR, and what nodes have told it. */
export interface Router {
  readonly frr: Frr;
  readonly host: Host;
  /** Waits until it has been told exactly this, and nothing else. */
  knows(table: Table): Promise<void>;
  /** Waits until its kernel forwards what is for a prefix to exactly these nodes. */
  forwards(prefix: string, nodes: readonly string[]): Promise<void>;
  /** Waits until somebody of these names answers it, which finds its way by the routes that it was told. */
  answered(address: Ip, by: readonly { readonly name: string }[], port?: number): Promise<void>;
  /** Adds lines to its BGP configuration, or a part of it, until disposed of. A line is of each neighbor if it begins with N. */
  configured(lines: readonly string[], part?: string): Promise<AsyncDisposable>;
  /** What it says of its sessions, by the nodes' addresses. */
  sessions(): Promise<Readonly<Record<string, FrrSession>>>;
  /** Waits until exactly the sessions to these nodes are up, over IPv4 or IPv6. */
  paired(nodes: readonly string[], family?: "ipv4" | "ipv6"): Promise<void>;
}

/** What FRR says of a session, as far as tests look at it. */
export interface FrrSession {
  readonly bgpState?: string;
  readonly remoteAs?: number;
  readonly remoteRouterId?: string;
  readonly connectionsEstablished?: number;
  /** What both sides agreed on. */
  readonly bgpTimerHoldTimeMsecs?: number;
  readonly neighborCapabilities?: { readonly gracefulRestart?: string };
  readonly messageStats: { readonly keepalivesSent: number; readonly keepalivesRecv: number };
}

/** Generous, since machines may be busy. */
export const LIMIT = { timeoutMs: 60_000, everyMs: 100 };

/** The same from each of these nodes. */
export const from = (nodes: readonly string[], attributes = ""): Paths =>
  Object.fromEntries(nodes.map((node) => [node, attributes]));

/** The addresses of a number of the lab's, 10.64.1.N and fd64::1:N, both from these nodes. */
export function both(number: number, paths: Paths): Table {
  return { [`10.64.1.${number}/32`]: paths, [`fd64::1:${number}/128`]: paths };
}

/** Lets a router be reached on another port, too; for good, since connections live by it. */
export async function reachedOn(port: number, { host }: Router): Promise<void> {
  const chain = "chain input { type nat hook prerouting priority -100;";
  await host.exec(["nft", `table inet port${port} { ${chain} tcp dport ${port} redirect to :179; }; }`]);
}

/** Starts FRR on a host, which waits for sessions of all nodes, over IPv4 and IPv6. */
export async function startRouter(lab: Lab, host: Host, asn: number): Promise<Router> {
  const neighbors = lab.nodes.flatMap(({ ipv4, ipv6 }) => [ipv4, ipv6]);
  const remote = asn === OWN_ASN ? "internal" : "external";
  const lines = [`remote-as ${remote}`, "passive", "timers 3 9", "bfd"];
  const family = (name: string) => [
    `address-family ${name} unicast`,
    ...["maximum-paths 8", "maximum-paths ibgp 8", ...neighbors.map((address) => `neighbor ${address} activate`)],
    "exit-address-family",
  ];
  const bgp = [
    `router bgp ${asn}`,
    ...[`bgp router-id ${host.ipv4}`, "no bgp ebgp-requires-policy", "bgp bestpath as-path multipath-relax"],
    ...["no bgp network import-check", "bgp log-neighbor-changes"],
    ...neighbors.flatMap((address) => lines.map((line) => `neighbor ${address} ${line}`)),
    ...family("ipv4"),
    ...family("ipv6"),
  ];
  const frr = await Frr.start(host, { bgp: bgp.join("\n"), bfd: "" });
  const nameOf = (address: string) =>
    lab.nodes.find(({ ipv4, ipv6 }) => [ipv4, ipv6].includes(address as never))?.name ?? address;
  const sessions = async () => (await frr.show("bgp neighbors")) as Readonly<Record<string, FrrSession>>;
  return {
    frr,
    host,
    sessions,
    configured: async (lines, part) => {
      const all = lines.flatMap((line) =>
        line.startsWith("N ") ? neighbors.map((address) => line.replace("N", `neighbor ${address}`)) : line,
      );
      const change = async (prefix = "") => {
        const where = ["configure terminal", `router bgp ${asn}`, ...(part === undefined ? [] : [part])];
        await frr.run(...where, ...all.map((line) => `${prefix}${line}`));
      };
      await change();
      return { [Symbol.asyncDispose]: async () => await change("no ") };
    },
    knows: async (table) =>
      await agrees(`${host.name} knows`, table, async () => {
        const shown = await Promise.all(
          ["ipv4", "ipv6"].map((name) => frr.run(`show bgp ${name} unicast json detail`)),
        );
        const routes = shown.flatMap((text) => Object.entries((JSON.parse(text) as FrrTable).routes));
        return Object.fromEntries(
          routes.map(([prefix, paths]) => [
            prefix,
            // The first element is about the prefix itself.
            Object.fromEntries(
              paths.flatMap(({ peer, ...path }) => (peer ? [[nameOf(peer.peerId), attributesOf(path)]] : [])),
            ),
          ]),
        );
      }),
    forwards: async (prefix, nodes) =>
      await agrees(`${host.name} forwards ${prefix}`, nodes, async () => {
        const { stdout } = await host.attempt(["ip", prefix.includes(":") ? "-6" : "-4", "route", "show", prefix]);
        return [...stdout.matchAll(/via (\S+)/g)].map(([, address = ""]) => nameOf(address)).toSorted();
      }),
    answered: async (address, by, port = 80) => {
      const url = `http://${isIpv4(address) ? address : `[${address}]`}:${port}/`;
      const isAnswered = async () => {
        const answer = await host.exec(["curl", "--silent", "--max-time", "2", url]);
        return by.some(({ name }) => name === answer.trim());
      };
      await until(`${host.name} had an answer from ${url}`, isAnswered, LIMIT);
    },
    paired: async (nodes, name) =>
      await agrees(`${host.name} has sessions`, nodes, async () => {
        const up = Object.entries(await sessions()).filter(
          ([address, { bgpState }]) =>
            bgpState === "Established" && (!name || address.includes(":") === (name === "ipv6")),
        );
        return [...new Set(up.map(([address]) => nameOf(address)))].toSorted();
      }),
  };
}

function attributesOf({ community, largeCommunity, locPrf, origin }: Omit<FrrPath, "peer">): string {
  const large = (largeCommunity?.list ?? []).map((value) => `large:${value}`);
  const preference = locPrf === undefined || locPrf === 100 ? [] : [`pref ${locPrf}`];
  const others = origin === "IGP" ? [] : [`origin ${origin}`];
  return [...(community?.list ?? []), ...large, ...preference, ...others].join(" ");
}

/** Waits until what is seen is what is wanted, in whatever order keys are. */
export async function agrees(what: string, wanted: unknown, look: () => Promise<unknown>): Promise<void> {
  const isWanted = async () => {
    const seen = await look();
    if (text(seen) === text(wanted)) return true;
    throw new Error(`it was ${text(seen)}`);
  };
  await until(`${what}: ${text(wanted)}`, isWanted, LIMIT);
}

function text(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) =>
    typeof part === "object" && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  );
}

interface FrrTable {
  readonly routes: Readonly<Record<string, readonly FrrPath[]>>;
}

interface FrrPath {
  readonly peer?: { readonly peerId: string };
  readonly origin: string;
  readonly locPrf?: number;
  readonly community?: { readonly list: readonly string[] };
  readonly largeCommunity?: { readonly list: readonly string[] };
}
