import { expect, test } from "vitest";
import { endpointsManifest, manifests, serviceManifest } from "./manifests.ts";

test("a Service asks for the families that it is to have", () => {
  expect(serviceManifest({ name: "web" })).toContain("ipFamilyPolicy: RequireDualStack");
  const single = serviceManifest({ name: "web", families: ["ipv6"] });
  expect(single).toContain('ipFamilies: ["IPv6"]');
  expect(single).toContain("ipFamilyPolicy: SingleStack");
});

test("endpoints come in a slice for each family, and say which are ready", () => {
  const slices = endpointsManifest({ service: "web", ready: ["node1"], notReady: ["node2"] }).split("---\n");
  expect(slices).toHaveLength(2);
  expect(slices[1]).toContain("addressType: IPv6");
  expect(slices[1]).toContain('"nodeName":"node1","conditions":{"ready":true}');
  expect(slices[1]).toContain('"nodeName":"node2","conditions":{"ready":false}');
});

test("manifests in one file are separate documents", () => {
  expect(manifests("a: 1\n", "b: 2\n")).toBe("a: 1\n---\nb: 2\n");
});
