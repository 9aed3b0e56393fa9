import type { AsPathSegment, Capability, Nlri, PathAttribute, RouteRefresh, Update } from "@heraldlb/bgp";
import { prefixAddress, prefixLength } from "@heraldlb/net";

/** tshark's fields, each with its values in the order of the wire. */
export type Fields = Readonly<Record<string, readonly string[]>>;

const AFIS = { ipv4: "1", ipv6: "2" } as const;
const MODES = { receive: "1", send: "2", both: "3" } as const;
const ORIGINS = { igp: "0", egp: "1", incomplete: "2" } as const;
const SEGMENTS = { set: "1", sequence: "2", confedSequence: "3", confedSet: "4" } as const;
const SUBTYPES = { request: "0", begin: "1", end: "2" } as const;
const ATTRIBUTE = "bgp.update.path_attribute";
const ORDER: readonly PathAttribute["type"][] = [
  "mpReach",
  "mpUnreach",
  "origin",
  "asPath",
  "nextHop",
  "med",
  "localPref",
  "atomicAggregate",
  "aggregator",
  "communities",
  "originatorId",
  "clusterList",
  "extendedCommunities",
  "largeCommunities",
  "unknown",
];
const LARGEST_TWO_BYTE_AS = 0xffff;
const FIRST_WELL_KNOWN = 0xffff_0000;

/** What tshark should say of capabilities. */
export function capabilityFields(capabilities: readonly Capability[], asn: number): Fields {
  return merged(capabilities.map((capability) => fieldsOfCapability(capability, asn)));
}

/** What tshark should say of an UPDATE whose AS numbers have two or four bytes. */
export function updateFields(update: Update, asnBytes: 2 | 4): Fields {
  const attributes = update.attributes.toSorted((a, b) => ORDER.indexOf(a.type) - ORDER.indexOf(b.type));
  return merged([
    nlriFields(update.withdrawn, "bgp.withdrawn_prefix"),
    ...attributes.map((attribute) => attributeFields(attribute, asnBytes)),
    nlriFields(update.announced, "bgp.nlri_prefix"),
  ]);
}

/** What tshark should say of a ROUTE-REFRESH. */
export function refreshFields(message: RouteRefresh): Fields {
  if (message.subtype === "unknown") return {};
  return {
    "bgp.route_refresh.afi": [AFIS[message.family]],
    "bgp.route_refresh.subtype": [SUBTYPES[message.subtype]],
    "bgp.route_refresh.safi": ["1"],
  };
}

/** Bytes as tshark prints them. */
export function colons(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join(":");
}

function fieldsOfCapability(capability: Capability, asn: number): Fields {
  const { type } = capability;
  switch (type) {
    case "multiprotocol":
      return { "bgp.cap.type": ["1"], "bgp.cap.mp.afi": [AFIS[capability.family]], "bgp.cap.mp.safi": ["1"] };
    case "routeRefresh":
      return { "bgp.cap.type": ["2"] };
    case "extendedNextHop":
      return {
        "bgp.cap.type": ["5"],
        "bgp.cap.enh.afi": capability.entries.map(({ family }) => AFIS[family]),
        "bgp.cap.enh.safi": capability.entries.map(() => "1"),
        "bgp.cap.enh.nhafi": capability.entries.map(({ nextHop }) => AFIS[nextHop]),
      };
    case "extendedMessage":
      return { "bgp.cap.type": ["6"] };
    case "gracefulRestart":
      return {
        "bgp.cap.type": ["64"],
        "bgp.cap.gr.timers.restart_flag": [bit(capability.restarted)],
        "bgp.cap.gr.timers.notification_flag": [bit(capability.notification)],
        "bgp.cap.gr.timers.restart_time": [String(capability.restartSeconds)],
        "bgp.cap.gr.afi": capability.entries.map(({ family }) => AFIS[family]),
        "bgp.cap.gr.flag.pfs": capability.entries.map(({ forwarding }) => bit(forwarding)),
      };
    case "fourByteAs":
      return { "bgp.cap.type": ["65"], "bgp.cap.4as": [String(asn)] };
    case "addPath":
      return {
        "bgp.cap.type": ["69"],
        "bgp.cap.ap.afi": capability.entries.map(({ family }) => AFIS[family]),
        "bgp.cap.ap.sendreceive": capability.entries.map(({ mode }) => MODES[mode]),
      };
    case "enhancedRouteRefresh":
      return { "bgp.cap.type": ["70"] };
    case "longLivedGracefulRestart":
      // This tshark does not know what is in it.
      return { "bgp.cap.type": ["71"] };
    case "hostname":
      return {
        "bgp.cap.type": ["73"],
        "bgp.cap.orf.fqdn.hostname": [capability.hostname],
        "bgp.cap.orf.fqdn.domain_name": [capability.domain],
      };
    case "unknown":
      return { "bgp.cap.type": [String(capability.code)], "bgp.cap.unknown": [colons(capability.value)] };
  }
}

function attributeFields(attribute: PathAttribute, asnBytes: 2 | 4): Fields {
  switch (attribute.type) {
    case "origin":
      return { [`${ATTRIBUTE}.type_code`]: ["1"], [`${ATTRIBUTE}.origin`]: [ORIGINS[attribute.origin]] };
    case "asPath":
      return { [`${ATTRIBUTE}.type_code`]: ["2"], ...segmentFields(attribute.segments, asnBytes) };
    case "nextHop":
      return { [`${ATTRIBUTE}.type_code`]: ["3"], [`${ATTRIBUTE}.next_hop`]: [attribute.address] };
    case "med":
      return { [`${ATTRIBUTE}.type_code`]: ["4"], [`${ATTRIBUTE}.multi_exit_disc`]: [String(attribute.value)] };
    case "localPref":
      return { [`${ATTRIBUTE}.type_code`]: ["5"], [`${ATTRIBUTE}.local_pref`]: [String(attribute.value)] };
    case "atomicAggregate":
      return { [`${ATTRIBUTE}.type_code`]: ["6"] };
    case "aggregator":
      return {
        [`${ATTRIBUTE}.type_code`]: ["7"],
        [`${ATTRIBUTE}.aggregator_as`]: [String(attribute.asn)],
        [`${ATTRIBUTE}.aggregator_origin`]: [attribute.address],
      };
    case "communities":
      return { [`${ATTRIBUTE}.type_code`]: ["8"], ...communityFields(attribute.values) };
    case "originatorId":
      return { [`${ATTRIBUTE}.type_code`]: ["9"], [`${ATTRIBUTE}.originator_id`]: [attribute.identifier] };
    case "clusterList":
      return { [`${ATTRIBUTE}.type_code`]: ["10"], "bgp.path_attribute.cluster_id": attribute.identifiers };
    case "mpReach": {
      const { address, linkLocal } = attribute.nextHop;
      const hop = `${ATTRIBUTE}.mp_reach_nlri.next_hop`;
      return {
        [`${ATTRIBUTE}.type_code`]: ["14"],
        [`${ATTRIBUTE}.mp_reach_nlri.afi`]: [AFIS[attribute.family]],
        [`${ATTRIBUTE}.mp_reach_nlri.safi`]: ["1"],
        [address.includes(":") ? `${hop}.ipv6` : `${hop}.ipv4`]: [address],
        [`${hop}.ipv6.link_local`]: linkLocal ? [linkLocal] : [],
        ...nlriFields(attribute.nlri, `bgp.mp_reach_nlri_${attribute.family}_prefix`),
      };
    }
    case "mpUnreach":
      return {
        [`${ATTRIBUTE}.type_code`]: ["15"],
        [`${ATTRIBUTE}.mp_unreach_nlri.afi`]: [AFIS[attribute.family]],
        [`${ATTRIBUTE}.mp_unreach_nlri.safi`]: ["1"],
        ...nlriFields(attribute.nlri, `bgp.mp_unreach_nlri_${attribute.family}_prefix`),
      };
    case "extendedCommunities":
      return { [`${ATTRIBUTE}.type_code`]: ["16"] };
    case "largeCommunities":
      return {
        [`${ATTRIBUTE}.type_code`]: ["32"],
        "bgp.large_communities.ga": attribute.values.map(({ administrator }) => String(administrator)),
        "bgp.large_communities.ldp1": attribute.values.map(({ local1 }) => String(local1)),
        "bgp.large_communities.ldp2": attribute.values.map(({ local2 }) => String(local2)),
      };
    case "unknown":
      // This tshark does not show its bytes.
      return { [`${ATTRIBUTE}.type_code`]: [String(attribute.code)], [`${ATTRIBUTE}s.unknown`]: [""] };
  }
}

function segmentFields(segments: readonly AsPathSegment[], asnBytes: 2 | 4): Fields {
  const asns = segments.flatMap((segment) => segment.asns);
  const shown = asns.map((asn) => String(asnBytes === 2 && asn > LARGEST_TWO_BYTE_AS ? 23_456 : asn));
  return {
    [`${ATTRIBUTE}.as_path_segment.type`]: segments.map(({ type }) => SEGMENTS[type]),
    [`${ATTRIBUTE}.as_path_segment.length`]: segments.map((segment) => String(segment.asns.length)),
    [`${ATTRIBUTE}.as_path_segment.as${asnBytes}`]: shown,
  };
}

function communityFields(values: readonly number[]): Fields {
  const others = values.filter((value) => value < FIRST_WELL_KNOWN);
  return {
    [`${ATTRIBUTE}.community_wellknown`]: values
      .filter((value) => value >= FIRST_WELL_KNOWN)
      .map((value) => `0x${value.toString(16)}`),
    [`${ATTRIBUTE}.community_as`]: others.map((value) => String(value >>> 16)),
    [`${ATTRIBUTE}.community_value`]: others.map((value) => String(value & 0xffff)),
  };
}

function nlriFields(nlri: readonly Nlri[], field: string): Fields {
  return {
    "bgp.nlri_path_id": nlri.flatMap(({ pathId }) => (pathId === undefined ? [] : [String(pathId)])),
    "bgp.prefix_length": nlri.map(({ prefix }) => String(prefixLength(prefix))),
    [field]: nlri.map(({ prefix }) => prefixAddress(prefix)),
  };
}

function merged(all: readonly Fields[]): Fields {
  const result: Record<string, string[]> = {};
  for (const fields of all) {
    for (const [name, values] of Object.entries(fields)) result[name] = [...(result[name] ?? []), ...values];
  }
  return result;
}

function bit(value: boolean): string {
  return value ? "1" : "0";
}
