import { recordingLogger } from "@heraldlb/runtime/testing";
import { expect, test } from "vitest";
import { type BgpSilence, type Layer2Silence, Unannounced } from "./unannounced.ts";

const layer2 = (reason: NonNullable<Layer2Silence>["reason"]): Layer2Silence => ({ reason, message: "" });
const bgp = (reason: NonNullable<BgpSilence>["reason"]): BgpSilence => ({ reason, message: "" }) as BgpSilence;

function said(...notes: readonly ((to: Unannounced) => void)[]): readonly unknown[] {
  const log = recordingLogger();
  const unannounced = new Unannounced(log, () => {});
  for (const note of notes) {
    note(unannounced);
    unannounced.tell();
  }
  return log.entries.map(({ message, fields: { reason } }) => reason ?? message);
}

const found = (inLayer2: Layer2Silence, inBgp: BgpSilence | "unreached") => (to: Unannounced) => {
  to.noteLayer2("default/web", inLayer2);
  to.noteBgp("default/web", inBgp);
};

test.each<[string, Layer2Silence, BgpSilence | "unreached", string[]]>([
  ["both announce it", undefined, undefined, []],
  ["layer 2 alone announces it", undefined, "unreached", []],
  ["layer 2 alone announces it, and BGP reaches it nowhere", undefined, bgp("notOwner"), []],
  ["BGP alone announces it", layer2("noMatchingAdvertisement"), undefined, []],
  ["neither reaches it", layer2("noMatchingAdvertisement"), "unreached", ["noMatchingAdvertisement"]],
  ["neither has an endpoint for it", layer2("notOwner"), bgp("noEndpoints"), ["noEndpoints"]],
  ["no router hears of it, and layer 2 announces it", undefined, bgp("noPeers"), []],
  [
    "no router hears of it, and layer 2 does not reach it",
    layer2("noMatchingAdvertisement"),
    bgp("noPeers"),
    ["noPeers"],
  ],
  ["BGP should and cannot", undefined, bgp("noLocalEndpoints"), ["noLocalEndpoints"]],
  [
    "both should and cannot",
    layer2("noLocalEndpoint"),
    bgp("noLocalEndpoints"),
    ["noLocalEndpoint", "noLocalEndpoints"],
  ],
])("when %s", (_what, inLayer2, inBgp, expected) => {
  expect(said(found(inLayer2, inBgp))).toEqual(expected);
});

test("it is said once, and when it is over", () => {
  const lacking = found(layer2("notOwner"), "unreached");
  expect(said(lacking, lacking, found(undefined, "unreached"))).toEqual(["notOwner", "may be announced again"]);
});

test("a Service that is gone is not said to be announced again", () => {
  expect(said(found(layer2("notOwner"), "unreached"), (to) => to.forget("default/web"))).toEqual(["notOwner"]);
});

test("that BGP's routers are gone is said where nothing else reaches a Service", () => {
  const only = layer2("noMatchingAdvertisement");
  expect(said(found(only, undefined), found(only, "unreached"))).toEqual(["noMatchingAdvertisement"]);
});

test.each<[NonNullable<BgpSilence>["reason"], string]>([
  ["noEndpoints", "info"],
  ["noLocalEndpoints", "warn"],
])("%s is told at %s", (reason, level) => {
  const log = recordingLogger();
  const unannounced = new Unannounced(log, () => {});
  found(undefined, bgp(reason))(unannounced);
  unannounced.tell();
  expect(log.entries).toMatchObject([{ level, message: "nobody may announce" }]);
});
