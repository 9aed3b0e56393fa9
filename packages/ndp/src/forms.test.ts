import type { Ipv6, Mac } from "@heraldlb/net";
import { describe, expect, test } from "vitest";
import {
  ALL_NODES,
  ALL_ROUTERS,
  isNeighborProbe,
  neighborProbe,
  neighborReply,
  neighborSolicitation,
  presenceAdvertisement,
  routerSolicitation,
  unsolicitedAdvertisement,
} from "./forms.ts";
import { decodeNdpPacket, encodeNdpPacket } from "./packet.ts";

const mac = "02:00:00:00:00:0a" as Mac;
const source = "fe80::a" as Ipv6;
const sender = { mac, source };
const target = "2001:db8::64" as Ipv6;
const client = { mac: "02:00:00:00:00:0b" as Mac, source: "2001:db8::b" as Ipv6 };

const forms = {
  solicitation: neighborSolicitation(client, target),
  probe: neighborProbe(target),
  reply: neighborReply(neighborSolicitation(client, target), sender),
  "reply to a probe": neighborReply(neighborProbe(target), sender),
  "unsolicited advertisement": unsolicitedAdvertisement(sender, target),
  "router solicitation": routerSolicitation(sender),
  presence: presenceAdvertisement(sender, ALL_NODES),
};

test("a solicitation goes to the target's group and carries its sender's MAC", () => {
  expect(forms.solicitation).toEqual({
    source: "2001:db8::b",
    destination: "ff02::1:ff00:64",
    message: { type: "neighborSolicitation", target, options: [{ type: "sourceLinkLayer", mac: client.mac }] },
  });
});

test("a probe has neither a source nor its MAC", () => {
  expect(forms.probe).toEqual({
    source: "::",
    destination: "ff02::1:ff00:64",
    message: { type: "neighborSolicitation", target, options: [] },
  });
});

test("a reply goes to the asker, solicited, without override", () => {
  expect(forms.reply).toEqual({
    source,
    destination: client.source,
    message: {
      type: "neighborAdvertisement",
      target,
      router: false,
      solicited: true,
      override: false,
      options: [{ type: "targetLinkLayer", mac }],
    },
  });
});

test("a reply to a probe goes to all nodes, unsolicited, with override (RFC 4861 §7.2.4)", () => {
  expect(forms["reply to a probe"]).toMatchObject({
    source,
    destination: ALL_NODES,
    message: { target, solicited: false, override: true, options: [{ type: "targetLinkLayer", mac }] },
  });
});

test("an unsolicited advertisement goes to all nodes, with override", () => {
  expect(forms["unsolicited advertisement"]).toEqual(forms["reply to a probe"]);
});

test("a reply leaves out the asker's MAC, which may not be in its question", () => {
  const bare = { ...forms.solicitation, message: { ...forms.solicitation.message, options: [] } };
  expect(neighborReply(bare, sender)).toEqual(forms.reply);
});

test("a router solicitation goes to all routers and carries its sender's MAC", () => {
  expect(forms["router solicitation"]).toEqual({
    source,
    destination: "ff02::2",
    message: { type: "routerSolicitation", options: [{ type: "sourceLinkLayer", mac }] },
  });
});

test("an advertisement of presence makes nobody use its sender as a router, and names no prefix", () => {
  expect(forms.presence).toMatchObject({
    source,
    destination: "ff02::1",
    message: { hopLimit: 0, lifetimeSeconds: 0, managed: false, options: [{ type: "sourceLinkLayer", mac }] },
  });
  expect(presenceAdvertisement(sender, client.source).destination).toBe(client.source);
});

describe("every form is valid on the wire, and only the probe is one", () => {
  test.each(Object.entries(forms))("%s", (name, form) => {
    expect(decodeNdpPacket(encodeNdpPacket(form))).toEqual(form);
    expect(isNeighborProbe(form)).toBe(name === "probe");
  });
});

test("a router solicitation from the unspecified address is no probe", () => {
  const message = { type: "routerSolicitation", options: [] } as const;
  expect(isNeighborProbe({ source: "::" as Ipv6, destination: ALL_ROUTERS, message })).toBe(false);
});
