import { rangesOverlap } from "@heraldlb/net";
import type { BgpPeer } from "./bgp-peer.ts";
import { annotationPath } from "./herald-annotation.ts";
import type { IpAddressPool } from "./ip-address-pool.ts";
import type { L2Advertisement } from "./l2-advertisement.ts";
import { noEffect } from "./notice.ts";
import { poolRanges } from "./pool-addresses.ts";
import { poolSettings } from "./pool-settings.ts";
import type { Problem } from "./problem.ts";
import type { Resource } from "./resource.ts";

/** Warnings about what an object says without any effect. */
export function ineffectiveFields(resource: Resource): Problem[] {
  switch (resource.kind) {
    case "IPAddressPool":
      return reservedElsewhere(resource);
    case "L2Advertisement":
      return interfaceWarnings(resource);
    case "BGPPeer":
      return peerWarnings(resource);
    default:
      return [];
  }
}

function reservedElsewhere(pool: IpAddressPool): Problem[] {
  const { reserved: all } = poolSettings(pool);
  const ranges = all.length === 0 ? [] : poolRanges(pool);
  const path = annotationPath("heraldlb.io/reserved");
  return all.flatMap((reserved): Problem[] => {
    if (ranges.some((range) => rangesOverlap(range, reserved))) return [];
    return [{ path, message: `${reserved} is not in the pool, so it has no effect`, code: "noEffect" }];
  });
}

function interfaceWarnings({ spec: { interfaces } }: L2Advertisement): Problem[] {
  return interfaces.flatMap((name, i) => (isInterfaceName(name) ? [] : [noSuchInterface(["interfaces", i], name)]));
}

function peerWarnings({ metadata, spec }: BgpPeer): Problem[] {
  const { disableMP, passwordSecret, interface: name } = spec;
  const elsewhere = passwordSecret?.namespace && passwordSecret.namespace !== metadata.namespace;
  return [
    ...(disableMP
      ? [noEffect(["disableMP"], "disable mp is deprecated and has no effect since it's the default behavior now")]
      : []),
    ...(elsewhere
      ? [
          noEffect(
            ["passwordSecret", "namespace"],
            `the Secret is looked for in the peer's own namespace "${metadata.namespace}"; remove the field`,
          ),
        ]
      : []),
    ...(name === "" || isInterfaceName(name) ? [] : [noSuchInterface(["interface"], name)]),
  ];
}

/** What Linux lets an interface be called. */
function isInterfaceName(name: string): boolean {
  return /^[^\s/:]{1,15}$/.test(name) && name !== "." && name !== "..";
}

function noSuchInterface(path: readonly (string | number)[], name: string): Problem {
  return noEffect(path, `no interface can be called "${name}"; write its exact name, at most 15 characters`);
}
