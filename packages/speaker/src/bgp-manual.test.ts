// The manual's table of what a change of a BGPPeer does to a running session says what the code does.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { AgreedConnection } from "@heraldlb/bgp";
import type { Ip, Ipv4 } from "@heraldlb/net";
import { describe, expect, test } from "vitest";
import type { BgpPeer } from "./bgp/desired.ts";
import { changeOfPeer, type PeerChange } from "./bgp/peer-change.ts";

const REFERENCE = join(import.meta.dirname, "../../../docs/reference");
const read = (file: string): string => readFileSync(join(REFERENCE, file), "utf8");
/** The cells of all rows of tables in a text. */
const rowsOf = (text: string): readonly (readonly string[])[] =>
  text
    .split("\n")
    .filter((line) => line.startsWith("| "))
    .map((line) => line.split("|").map((cell) => cell.trim()))
    .map(([, ...cells]) => cells);
const namesIn = (cell = ""): string[] => Array.from(cell.matchAll(/`([^`]+)`/g), ([, name = ""]) => name);

const [, afterHeading = ""] = read("bgp.md").split("## What a change of a BGPPeer does");
const [section = ""] = afterHeading.split("\n## ");
const manual = new Map(rowsOf(section).flatMap(([fields, what = ""]) => namesIn(fields).map((field) => [field, what])));

/** How the manual puts it. */
const WORDS: Readonly<Record<PeerChange, RegExp>> = {
  none: /^stays/,
  restart: /^is opened again/,
  replace: /^is ended/,
};

const PEER: BgpPeer = {
  ...{ name: "tor", address: "192.0.2.1" as Ip, port: 179, asn: 64_512, peerAsn: 64_513 },
  ...{ holdSeconds: 180, keepaliveSeconds: 60 },
};
const RUNNING = {
  connection: { open: { identifier: "192.0.2.9" as Ipv4 }, session: { peer: "external", asn: 64_513 } },
  localAddress: "192.0.2.9" as Ip,
} as { readonly connection: AgreedConnection; readonly localAddress: Ip };

/** Each setting of a session: another value, and the fields of a BGPPeer that it comes from. */
const SETTINGS: { readonly [S in keyof Required<BgpPeer>]: readonly [value: BgpPeer[S], ...fields: string[]] } = {
  name: ["other"],
  address: ["192.0.2.2" as Ip, "peerAddress"],
  interface: ["eth1", "interface"],
  port: [1790, "peerPort"],
  vrf: ["red", "vrf"],
  asn: [64_999, "myASN", "localASN"],
  peerAsn: [64_514, "peerASN", "dynamicASN"],
  sourceAddress: ["192.0.2.8" as Ip, "sourceAddress"],
  routerId: ["1.2.3.4" as Ipv4, "routerID"],
  password: ["secret", "password", "passwordSecret"],
  isDualStack: [true, "dualStackAddressFamily"],
  hasGracefulRestart: [true, "enableGracefulRestart"],
  hasAddPath: [true, "heraldlb.io/add-path"],
  ttlSecurityHops: [1, "heraldlb.io/gtsm"],
  holdSeconds: [9, "holdTime"],
  keepaliveSeconds: [3, "keepaliveTime"],
  connectRetrySeconds: [3, "connectTime"],
  isMultiHop: [true, "ebgpMultiHop"],
};
/** Fields that no session is told of. */
const APART = ["bfdProfile", "heraldlb.io/graceful-shutdown", "disableMP", "nodeSelectors"];

const changes = Object.entries(SETTINGS).flatMap(([setting, [value, ...fields]]) =>
  fields.map((field) => ({ field, change: changeOfPeer(PEER, { ...PEER, [setting]: value }, RUNNING) })),
);

describe("the manual's table of changes", () => {
  test.each([...changes, ...APART.map((field) => ({ field, change: "none" as const }))])(
    "says of $field what is done: $change",
    ({ field, change }) => {
      expect(manual.get(field)).toMatch(WORDS[change]);
    },
  );

  test("has every field of a BGPPeer and every annotation on it, and nothing else", () => {
    const [, ofV1Beta2 = ""] = read("resources/bgppeer.md").split("## metallb.io/v1beta2");
    const [fields = ""] = ofV1Beta2.split("\n## ");
    const specified = rowsOf(fields).flatMap(([cell]) =>
      namesIn(cell).flatMap((name) => /^spec\.(\w+)$/.exec(name)?.[1] ?? []),
    );
    const annotations = rowsOf(read("annotations.md")).flatMap(([name, kinds]) =>
      kinds === "BGPPeer" ? namesIn(name) : [],
    );
    expect([...manual.keys()].toSorted()).toEqual([...specified, ...annotations].toSorted());
  });
});
