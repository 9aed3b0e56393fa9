import type { Ip, Ipv4, Ipv6 } from "@heraldlb/net";

/** The programs that a lab's router can run. */
export const ROUTER_KINDS = ["frr", "bird", "gobgp"] as const;

/** One of {@link ROUTER_KINDS}. */
export type RouterKind = (typeof ROUTER_KINDS)[number];

/** The AS number of a lab's router. */
export const LAB_ROUTER_ASN = 64_513;

/** The AS number that it expects nodes to have. */
export const LAB_NODE_ASN = 64_512;

/** A node as its router sees it. */
export interface RouterNeighbor {
  readonly name: string;
  readonly ipv4: Ipv4;
  readonly ipv6: Ipv6;
}

/**
 * The configuration of a router with two sessions to each node, one over IPv4 and one over IPv6, both for both families.
 * It forwards over all nodes that announce a route (GoBGP forwards nothing), watches those that ask for it with BFD
 * (GoBGP has none), and keeps routes over a graceful restart.
 */
export function routerConfig(kind: RouterKind, routerId: Ipv4, nodes: readonly RouterNeighbor[]): string {
  return CONFIGS[kind](routerId, nodes);
}

const CONFIGS: Readonly<Record<RouterKind, (routerId: Ipv4, nodes: readonly RouterNeighbor[]) => string>> = {
  frr: (routerId, nodes) => {
    const neighbors = addressesOf(nodes);
    const lines = (address: Ip) => [
      `neighbor ${address} remote-as ${LAB_NODE_ASN}`,
      ...["timers 3 9", "graceful-restart", "bfd"].map((what) => `neighbor ${address} ${what}`),
    ];
    const family = (name: string) => [
      `address-family ${name} unicast`,
      "maximum-paths 64",
      ...neighbors.map((address) => `neighbor ${address} activate`),
      "exit-address-family",
    ];
    return text([
      `router bgp ${LAB_ROUTER_ASN}`,
      `bgp router-id ${routerId}`,
      "no bgp ebgp-requires-policy",
      ...neighbors.flatMap(lines),
      ...family("ipv4"),
      ...family("ipv6"),
      "exit",
    ]);
  },
  bird: (routerId, nodes) => {
    const session = (name: string, address: Ip) =>
      `protocol bgp ${name} from node { neighbor ${address} as ${LAB_NODE_ASN}; }`;
    const kernel = (family: string) =>
      `protocol kernel { ${family} { import none; export where source = RTS_BGP; }; merge paths on; }`;
    return text([
      "log stderr all;",
      `router id ${routerId};`,
      "protocol device { scan time 5; }",
      kernel("ipv4"),
      kernel("ipv6"),
      'protocol bfd { interface "lan0" { interval 100 ms; multiplier 3; }; }',
      "template bgp node {",
      `  local as ${LAB_ROUTER_ASN};`,
      "  hold time 9;",
      "  connect retry time 1;",
      "  error wait time 1, 5;",
      "  graceful restart on;",
      "  bfd on;",
      "  ipv4 { import all; export none; };",
      "  ipv6 { import all; export none; };",
      "}",
      ...nodes.flatMap(({ name, ipv4, ipv6 }) => [session(`${name}_v4`, ipv4), session(`${name}_v6`, ipv6)]),
    ]);
  },
  gobgp: (routerId, nodes) => {
    const family = (name: string) => [
      "[[neighbors.afi-safis]]",
      "[neighbors.afi-safis.config]",
      `afi-safi-name = "${name}-unicast"`,
      "[neighbors.afi-safis.mp-graceful-restart.config]",
      "enabled = true",
    ];
    return text([
      "[global.config]",
      `as = ${LAB_ROUTER_ASN}`,
      `router-id = "${routerId}"`,
      ...addressesOf(nodes).flatMap((address) => [
        "[[neighbors]]",
        "[neighbors.config]",
        `neighbor-address = "${address}"`,
        `peer-as = ${LAB_NODE_ASN}`,
        "[neighbors.timers.config]",
        "connect-retry = 1",
        "hold-time = 9",
        "keepalive-interval = 3",
        "[neighbors.graceful-restart.config]",
        "enabled = true",
        "restart-time = 120",
        ...family("ipv4"),
        ...family("ipv6"),
      ]),
    ]);
  },
};

function addressesOf(nodes: readonly RouterNeighbor[]): readonly Ip[] {
  return nodes.flatMap(({ ipv4, ipv6 }) => [ipv4, ipv6]);
}

function text(lines: readonly string[]): string {
  return `${lines.join("\n")}\n`;
}
