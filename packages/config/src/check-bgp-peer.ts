import { isIpv4, isUnspecified, parseIp, parseUnmappedIp } from "@heraldlb/net";
import type { BgpPeer } from "./bgp-peer.ts";
import { checkStrictSelectors, wrongField } from "./check-list.ts";
import { seconds } from "./duration.ts";
import type { FieldPath } from "./field-path.ts";
import { passwordProblem } from "./password.ts";
import type { Problem } from "./problem.ts";

/** OPEN has 16 bits for it (RFC 4271 section 4.2). */
const LONGEST_HOLD = 65_535;

/** What one BGPPeer gets wrong by itself. */
export function checkBgpPeer(peer: BgpPeer): Problem[] {
  const { metadata, spec } = peer;
  return [
    ...checkAsns(peer),
    ...checkEnds(peer),
    ...checkTimers(peer),
    ...checkStrictSelectors(
      spec.nodeSelectors,
      ["spec", "nodeSelectors"],
      `failed to convert peer ${metadata.name} node selector`,
    ),
    ...checkPassword(peer),
  ];
}

function checkAsns({ spec: { myASN, peerASN, dynamicASN, ebgpMultiHop } }: BgpPeer): Problem[] {
  return problems([
    [myASN === 0, ["spec", "myASN"], "missing local ASN; write this end's AS number"],
    [peerASN === 0 && !dynamicASN, ["spec", "peerASN"], "missing peer ASN and dynamicASN; write one of the two"],
    [
      peerASN !== 0 && dynamicASN !== undefined,
      ["spec", "dynamicASN"],
      "both peer ASN and dynamicASN specified; remove one of the two",
    ],
    [
      peerASN === myASN && ebgpMultiHop,
      ["spec", "ebgpMultiHop"],
      "invalid ebgp-multihop parameter set for an ibgp peer; remove it: iBGP peers may be any number of hops away",
    ],
  ]);
}

function checkEnds({ spec }: BgpPeer): Problem[] {
  const { peerAddress, sourceAddress, routerID } = spec;
  const noIp = (text: string) => text !== "" && parseIp(text) === undefined;
  const router = parseUnmappedIp(routerID);
  return problems([
    [
      peerAddress === "" && spec.interface === "",
      ["spec", "peerAddress"],
      "peer has no Address or Interface specified; write one of the two",
    ],
    [
      peerAddress !== "" && spec.interface !== "",
      ["spec", "interface"],
      "peer has both Address and Interface specified; remove one of the two",
    ],
    [noIp(peerAddress), ["spec", "peerAddress"], `invalid BGPPeer address "${peerAddress}"; write an IP address`],
    [
      routerID !== "" && (!router || !isIpv4(router) || isUnspecified(router)),
      ["spec", "routerID"],
      `invalid router ID "${routerID}"; write an IPv4 address other than 0.0.0.0`,
    ],
    [noIp(sourceAddress), ["spec", "sourceAddress"], `invalid source IP "${sourceAddress}"; write an IP address`],
  ]);
}

function checkTimers({ spec: { holdTime, keepaliveTime } }: BgpPeer): Problem[] {
  const keepalive = seconds(keepaliveTime ?? "");
  const hold = seconds(holdTime ?? "") ?? (keepalive === undefined ? undefined : keepalive * 3);
  if (hold === undefined) return [];
  const shown = holdTime ?? `${hold}s`;
  const path = ["spec", holdTime === undefined ? "keepaliveTime" : "holdTime"];
  const words = "invalid BGPPeer timers:";
  const whole = Math.trunc(hold);
  return problems([
    [whole > LONGEST_HOLD, path, `${words} invalid hold time "${shown}": must be at most ${LONGEST_HOLD}s`],
    [
      whole !== 0 && whole < 3,
      path,
      `${words} invalid hold time "${shown}": must be 0 or >=3s; BGP knows no shorter one`,
    ],
    [
      keepalive !== undefined && keepalive > hold,
      ["spec", "keepaliveTime"],
      `${words} invalid keepaliveTime "${keepaliveTime}", must be lower than holdTime "${shown}"; a third of it is usual`,
    ],
  ]);
}

function checkPassword({ metadata: { namespace, name }, spec: { password, passwordSecret } }: BgpPeer): Problem[] {
  const wrong = passwordProblem(password);
  return problems([
    [
      password !== "" && (passwordSecret?.name ?? "") !== "",
      ["spec", "passwordSecret"],
      `can not have both password and secret ref set in peer config "${namespace}"/"${name}"; remove one of the two`,
    ],
    [wrong !== undefined, ["spec", "password"], wrong ?? ""],
  ]);
}

function problems(rules: readonly (readonly [broken: boolean, path: FieldPath, message: string])[]): Problem[] {
  return rules.flatMap(([broken, path, message]) => (broken ? [wrongField(path, message)] : []));
}
