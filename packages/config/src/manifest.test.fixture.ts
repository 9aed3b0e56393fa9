import type { Candidate, Configuration } from "./configuration.ts";
import { readResource } from "./read.ts";

/** Where an object stands, and what else its metadata says. */
export interface Place {
  readonly file?: string;
  readonly position?: number;
  readonly [field: string]: unknown;
}

const API_VERSIONS: Readonly<Record<string, string>> = {
  BGPPeer: "metallb.io/v1beta2",
  ...{ Node: "v1", Namespace: "v1", Secret: "v1", Service: "v1", ConfigMap: "v1" },
};

/** An object as a candidate; `spec` is the object's fields beside metadata for kinds without one. */
export function candidate(kind: string, name: string, fields: object = {}, place: Place = {}): Candidate {
  const { file = "a.yaml", position = 0, ...metadata } = place;
  const apiVersion = API_VERSIONS[kind] ?? "metallb.io/v1beta1";
  const body = apiVersion === "v1" ? fields : { spec: fields };
  const json = { apiVersion, kind, metadata: { name, ...metadata }, ...body };
  return { origin: { file, position }, outcome: readResource(json, { defaultNamespace: "herald" }) };
}

/** A pool. */
export const pool = (name: string, addresses: readonly string[], place?: Place): Candidate =>
  candidate("IPAddressPool", name, { addresses }, place);

/** An eBGP peer at this address. */
export const peer = (name: string, peerAddress: string, spec: object = {}, place?: Place): Candidate =>
  candidate("BGPPeer", name, { myASN: 64512, peerASN: 64513, peerAddress, ...spec }, place);

/** A BGPAdvertisement. */
export const advertisement = (name: string, spec: object = {}, place?: Place): Candidate =>
  candidate("BGPAdvertisement", name, spec, place);

/** A Node with labels. */
export const node = (name: string, labels: Readonly<Record<string, string>> = {}): Candidate =>
  candidate("Node", name, {}, { labels });

/** A Secret with a password for BGP. */
export const secret = (name: string, fields: object = {}): Candidate =>
  candidate("Secret", name, { type: "kubernetes.io/basic-auth", stringData: { password: "hush" }, ...fields });

/** Kinds and names of what is in force, sorted, with a star at those in an older form. */
export function inForce({ inForce }: Configuration): string[] {
  return [...inForce.values()]
    .map(({ resource, outdated }) => `${resource.kind} ${resource.metadata.name}${outdated ? "*" : ""}`)
    .toSorted();
}

/** `NAME PATH: MESSAGE` of each problem of this severity, sorted. */
export function problems({ problems }: Configuration, severity: "error" | "warning"): string[] {
  return problems
    .filter((problem) => problem.severity === severity)
    .map(({ id, path, message }) => `${id?.name} ${path}: ${message}`)
    .toSorted();
}
