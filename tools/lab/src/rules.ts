import type { IpRange, Ipv4, Ipv6 } from "@heraldlb/net";
import type { NetworkName } from "./plan.ts";

/** What is wrong with a segment right now. Hosts are named; a host's frames are those through its bridge port. */
export type Fault =
  | {
      readonly type: "partition";
      readonly network: NetworkName;
      /** Frames from these … */
      readonly from: readonly string[];
      /** … to those are dropped. */
      readonly to: readonly string[];
      /** `both`: the other way too. Carrier stays either way. */
      readonly direction: "both" | "oneWay";
    }
  | {
      readonly type: "loss";
      readonly network: NetworkName;
      /** Each frame from or to one of these is dropped with this probability. */
      readonly hosts: readonly string[];
      /** 0 to 1, in steps of a ten-thousandth. */
      readonly probability: number;
    };

/** What a node does with packets for services' addresses. */
export interface Serving {
  readonly services: { readonly ipv4: IpRange; readonly ipv6: IpRange };
  /** The port clients ask for, TCP and UDP. */
  readonly port: number;
  /** Where backends listen; new connections take turns. The node's own addresses serve locally. */
  readonly backends: readonly { readonly ipv4: Ipv4; readonly ipv6: Ipv6; readonly port: number }[];
}

/**
 * The nftables rules (bridge family) that a switch needs for these faults, as input of `nft -f`. They replace those of
 * an earlier call in one transaction. Throws a `RangeError` for a probability outside 0 to 1.
 */
export function faultRules(network: NetworkName, faults: readonly Fault[]): string {
  const rules = faults.filter((fault) => fault.network === network).flatMap(rulesOf);
  return table("bridge herald", ["chain forward {", "  type filter hook forward priority 0", ...indent(rules), "}"]);
}

/**
 * The nftables rules that make a node serve as kube-proxy would: the service's address is rewritten to a backend's, and
 * what goes to another node is masqueraded, so that answers come back the same way.
 */
export function serveRules({ services, port, backends }: Serving): string {
  const rules = (["ipv4", "ipv6"] as const).flatMap((family) => {
    if (backends.length === 0) return [];
    const [ip, nfproto] = family === "ipv4" ? ["ip", "ip"] : ["ip6", "ip6"];
    const turns = backends.map((backend, index) => `${index} : ${backend[family]} . ${backend.port}`).join(", ");
    return [
      `${nfproto} daddr ${services[family]} meta l4proto { tcp, udp } th dport ${port} ` +
        `dnat ${ip} addr . port to numgen inc mod ${backends.length} map { ${turns} }`,
    ];
  });
  return table("inet herald", [
    "chain prerouting {",
    "  type nat hook prerouting priority dstnat",
    ...indent(rules),
    "}",
    "chain postrouting {",
    "  type nat hook postrouting priority srcnat",
    "  ct status dnat masquerade",
    "}",
  ]);
}

function rulesOf(fault: Fault): string[] {
  if (fault.type === "loss") {
    const tenThousandths = Math.round(fault.probability * 10_000);
    if (!(fault.probability >= 0 && fault.probability <= 1)) {
      throw new RangeError(`a probability is between 0 and 1, not ${fault.probability}`);
    }
    const hosts = set(fault.hosts);
    // nft refuses a comparison that is always true.
    const drop = tenThousandths === 10_000 ? "drop" : `numgen random mod 10000 < ${tenThousandths} drop`;
    return [`iifname ${hosts} ${drop}`, `oifname ${hosts} ${drop}`];
  }
  const [from, to] = [set(fault.from), set(fault.to)];
  const there = `iifname ${from} oifname ${to} drop`;
  return fault.direction === "both" ? [there, `iifname ${to} oifname ${from} drop`] : [there];
}

function set(names: readonly string[]): string {
  return `{ ${names.map((name) => `"${name}"`).join(", ")} }`;
}

/** A table is named before it is deleted, because deleting one that does not exist fails. */
function table(name: string, lines: readonly string[]): string {
  return [`table ${name}`, `delete table ${name}`, `table ${name} {`, ...indent(lines), "}", ""].join("\n");
}

function indent(lines: readonly string[]): string[] {
  return lines.map((line) => `  ${line}`);
}
