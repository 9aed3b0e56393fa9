import { type Configuration, EMPTY_CONFIGURATION, readResource, resolve } from "@heraldlb/config";
import type { AdmissionRequest } from "./review.ts";

/** The namespace of everything here. */
export const NAMESPACE = "metallb-system";

/** An object as an API server shows it. */
export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string; readonly [field: string]: unknown };
  readonly [field: string]: unknown;
}

/** An object of `metallb.io`. */
export function manifest(kind: string, name: string, spec: object = {}, metadata: object = {}): Manifest {
  const apiVersion = kind === "BGPPeer" ? "metallb.io/v1beta2" : "metallb.io/v1beta1";
  return { apiVersion, kind, metadata: { name, namespace: NAMESPACE, ...metadata }, spec };
}

/** A pool of these addresses. */
export const pool = (name: string, addresses: readonly string[], metadata?: object): Manifest =>
  manifest("IPAddressPool", name, { addresses }, metadata);

/** A peer at this address. */
export const peer = (name: string, peerAddress: string, spec: object = {}): Manifest =>
  manifest("BGPPeer", name, { myASN: 64500, peerASN: 64501, peerAddress, ...spec });

/** A Community with one alias for each value. */
export const communities = (name: string, values: Readonly<Record<string, string>>): Manifest =>
  manifest("Community", name, { communities: Object.entries(values).map(([name, value]) => ({ name, value })) });

/** A Node. */
export const node = (name: string): Manifest => ({
  ...{ apiVersion: "v1", kind: "Node" },
  metadata: { name, labels: { "kubernetes.io/hostname": name } },
});

/** Selects a node by name. */
export const onNode = (...values: readonly string[]): object => ({
  nodeSelectors: [{ matchExpressions: [{ key: "kubernetes.io/hostname", operator: "In", values }] }],
});

/** What is in force when these came one after the other. */
export function configurationOf(manifests: readonly Manifest[]): Configuration {
  const read = (json: Manifest) => ({ origin: {}, outcome: readResource(json, { defaultNamespace: "default" }) });
  const all = manifests.map(read);
  return all.reduce(
    (previous, _, i) => resolve(previous, all.slice(0, i + 1), { namespace: NAMESPACE }),
    EMPTY_CONFIGURATION,
  );
}

/** Somebody wants to create the object. */
export function creation(object: Manifest): AdmissionRequest {
  const { apiVersion, kind, metadata } = object;
  return {
    ...{ uid: "u1", group: apiVersion.split("/")[0] ?? "", kind, subResource: "", operation: "CREATE" },
    ...{ namespace: metadata.namespace ?? "", name: metadata.name, object, oldObject: undefined, isDryRun: false },
  };
}

/** Somebody wants to change it. */
export const update = (oldObject: Manifest, object: Manifest): AdmissionRequest => ({
  ...creation(object),
  ...{ operation: "UPDATE", oldObject },
});

/** Somebody wants to delete it. */
export const deletion = (oldObject: Manifest): AdmissionRequest => ({
  ...creation(oldObject),
  ...{ operation: "DELETE", object: undefined, oldObject },
});
