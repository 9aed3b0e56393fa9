import { type Family, familyOf, type Ip } from "@heraldlb/net";
import type { Refusal } from "./action.ts";
import { joined, quote, quoteAll } from "./message.ts";
import type { ServiceInput } from "./service.ts";
import { parseServiceIp } from "./service-ip.ts";

/** What addresses a Service wants. */
export interface Wish {
  /** One family, or both with IPv4 first. */
  readonly families: readonly Family[];
  /** Both are wanted, but one will do. */
  readonly mayDegrade: boolean;
  /** The family to have if only one can be had. */
  readonly primary: Family;
}

/** Why a Service has no families: it waits without an address, or keeps what it has. */
export interface NoWish {
  readonly refusal: Refusal;
  readonly keepsHeld: boolean;
}

const BOTH: readonly Family[] = ["ipv4", "ipv6"];
const SINGLE: Readonly<Record<Family, readonly Family[]>> = { ipv4: ["ipv4"], ipv6: ["ipv6"] };

/** The families that a Service wants, from its cluster addresses and its policy. */
export function wishOf({ clusterIps, ipFamilies, ipFamilyPolicy, unclear }: ServiceInput): Wish | NoWish {
  if (unclear !== undefined) return { refusal: { reason: "invalidService", message: unclear }, keepsHeld: true };
  const primary = ipFamilies[0] ?? "ipv4";
  if (!clusterIps) {
    const dual = ipFamilyPolicy !== "SingleStack" || ipFamilies.length > 1;
    return { families: dual ? BOTH : [primary], mayDegrade: ipFamilyPolicy === "PreferDualStack", primary };
  }
  if (clusterIps.length === 0) {
    return { refusal: { reason: "noClusterIps", message: "the Service has no cluster IP yet" }, keepsHeld: false };
  }
  if (ipFamilyPolicy === "RequireDualStack" && clusterIps.length < 2) {
    const message = `Service requires dual stack but not enough clusterips [${clusterIps.join(" ")}]`;
    return { refusal: { reason: "notEnoughClusterIps", message }, keepsHeld: false };
  }
  const addresses = clusterIps.map(parseServiceIp);
  const families = familiesOf(addresses);
  if (typeof families === "string") {
    const message = `Failed to retrieve ClusterIPs IPFamily for [${clusterIps.join(" ")}]: ${families}`;
    return { refusal: { reason: "clusterIpFamilyUnknown", message }, keepsHeld: true };
  }
  return { families, mayDegrade: ipFamilyPolicy === "PreferDualStack" && families.length === 2, primary };
}

/** The families of one address, or of two of different families; otherwise why there are none, in MetalLB's words. */
export function familiesOf(addresses: readonly (Ip | undefined)[]): readonly Family[] | string {
  const [first, second] = addresses;
  if (addresses.length === 1 && first) return SINGLE[familyOf(first)];
  const isPair = addresses.length === 2 && first && second;
  if (isPair && familyOf(first) !== familyOf(second)) return BOTH;
  const texts = addresses.map((address) => address ?? "<nil>");
  const list = `[${joined(texts, " ")}]`;
  if (addresses.includes(undefined)) return `IPFamilyForAddresses: Invalid address ${list}`;
  if (isPair) return `IPFamilyForAddresses: same address family ${list}`;
  return `IPFamilyForAddresses: invalid ips length ${addresses.length} ${list}`;
}

/** The addresses that a Service asks for, IPv4 first; empty if for none in particular. */
export function requestedAddresses(service: ServiceInput): readonly Ip[] | Refusal {
  const { requestedIps = "", loadBalancerIp = "" } = service;
  if (requestedIps && loadBalancerIp) {
    const message = "service can not have both metallb.io/loadBalancerIPs and svc.Spec.LoadBalancerIP";
    return { reason: "conflictingRequests", message };
  }
  if (!requestedIps && !loadBalancerIp) return [];
  const texts = requestedIps ? requestedIps.split(",").map((text) => text.trim()) : [loadBalancerIp];
  const addresses = texts.map(parseServiceIp).filter((address) => address !== undefined);
  if (addresses.length < texts.length) {
    const message = requestedIps
      ? `invalid metallb.io/loadBalancerIPs: ${quote(requestedIps)}`
      : `invalid spec.loadBalancerIP ${quote(loadBalancerIp)}`;
    return { reason: "invalidRequest", message };
  }
  const families = familiesOf(addresses);
  if (typeof families === "string") return { reason: "invalidRequest", message: families };
  return inFamilyOrder(addresses);
}

/** IPv4 before IPv6; otherwise as listed. */
export function inFamilyOrder(addresses: readonly Ip[]): readonly Ip[] {
  if (addresses.length < 2) return addresses;
  return addresses.toSorted((a, b) => BOTH.indexOf(familyOf(a)) - BOTH.indexOf(familyOf(b)));
}

/** The refusal of a request for the wrong families. */
export function familyMismatch(addresses: readonly Ip[]): Refusal {
  const message = `requested loadBalancer IP(s) ${quoteAll(addresses)} does not match the ipFamily of the service`;
  return { reason: "requestedFamilyMismatch", message };
}
