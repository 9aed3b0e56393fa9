import { expect, test } from "vitest";
import type { Candidate } from "./configuration.ts";
import { readResource } from "./read.ts";
import { Resolver } from "./resolver.ts";

function candidate(place: string, object: unknown): Candidate {
  const [file, position] = place.split(" ");
  return {
    origin: { file, position: Number(position) },
    outcome: readResource(object, { defaultNamespace: "herald" }),
  };
}

test("what did not change is the same object", () => {
  const web = candidate("a.yaml 0", { apiVersion: "v1", kind: "Service", metadata: { name: "web" }, spec: {} });
  const other = candidate("a.yaml 1", { apiVersion: "v1", kind: "Service", metadata: { name: "other" }, spec: {} });
  const resolver = new Resolver();
  const before = resolver.update([web]).inForce.get("Service herald/web");
  expect(before).toBeDefined();
  expect(resolver.update([web, other]).inForce.get("Service herald/web")).toBe(before);
});

test("a form that is kept is in force until the next update, and then what was in force", () => {
  const good = candidate("a.yaml 0", { apiVersion: "v1", kind: "Service", metadata: { name: "web" }, spec: {} });
  const key = "Service herald/web";
  const form = new Resolver().update([good]).inForce.get(key);
  const resolver = new Resolver();
  resolver.update([]);
  if (form) expect(resolver.keep([[key, form]]).inForce.get(key)).toBe(form);
  expect(resolver.update([]).inForce.size).toBe(0);
  if (form) resolver.keep([[key, form]]);
  const wrong = candidate("a.yaml 0", {
    ...{ apiVersion: "v1", kind: "Service", metadata: { name: "web" }, spec: { ports: "none" } },
  });
  expect(resolver.update([wrong]).inForce.get(key)).toEqual({ ...form, outdated: true });
});

test("pools that are in force in no form are known by name and labels, whatever is wrong with them", () => {
  const pool = (name: string, addresses: unknown, labels = { zone: name }) => ({
    ...{ apiVersion: "metallb.io/v1beta1", kind: "IPAddressPool", metadata: { name, labels }, spec: { addresses } },
  });
  const resolver = new Resolver();
  const good = candidate("a.yaml 0", pool("a", ["10.0.0.0/24"]));
  expect(resolver.update([good]).lostPools).toEqual([]);
  const spoilt = candidate("a.yaml 0", pool("a", ["10.0.0.0/33"]));
  const wrong = [
    candidate("b.yaml 0", pool("d", ["10.0.0.0/33"])),
    candidate("b.yaml 1", pool("c", "10.0.1.0/24")),
    candidate("b.yaml 2", pool("b", ["10.0.0.0/25"])),
  ];
  expect(resolver.update([spoilt, ...wrong]).lostPools, "the first one has its last form").toEqual([
    { name: "b", labels: { zone: "b" } },
    { name: "c", labels: { zone: "c" } },
    { name: "d", labels: { zone: "d" } },
  ]);
  expect(new Resolver().update([spoilt]).lostPools).toEqual([{ name: "a", labels: { zone: "a" } }]);
});

test("of peers that are not in force as they are written it is known which profile they name", () => {
  const peer = (name: string, spec: object) => {
    const metadata = { name, namespace: "herald" };
    const whole = { myASN: 64_512, peerASN: 64_513, peerAddress: "10.0.0.1", ...spec };
    return candidate("a.yaml 0", { apiVersion: "metallb.io/v1beta2", kind: "BGPPeer", metadata, spec: whole });
  };
  const resolver = new Resolver();
  expect(resolver.update([peer("b", { bfdProfile: "slow" })]).peersSetAside).toEqual([]);
  const wrong = peer("b", { peerAddress: 1, bfdProfile: "fast" });
  const rival = peer("a", { bfdProfile: "fast" });
  expect(resolver.update([wrong, rival, peer("c", { holdTime: "1s" })]).peersSetAside).toEqual([
    { name: "a", bfdProfile: "fast" },
    { name: "b", bfdProfile: "fast" },
  ]);
  expect(resolver.update([peer("b", {})]).peersSetAside).toEqual([]);
});
