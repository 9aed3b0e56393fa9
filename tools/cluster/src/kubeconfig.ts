import { join } from "node:path";
import type { Certified } from "./authority.ts";

/** How to reach an API server, and as whom. */
export interface Access {
  readonly server: string;
  /** The certificate authority's certificate, in PEM. */
  readonly ca: string;
  readonly credentials: Certified | { readonly token: string };
}

/** The text of a kubeconfig: JSON, which is YAML too. */
export function kubeconfigOf({ server, ca, credentials }: Access): string {
  const user =
    "token" in credentials
      ? { token: credentials.token }
      : { "client-certificate-data": btoa(credentials.cert), "client-key-data": btoa(credentials.key) };
  return JSON.stringify({
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name: "cluster", cluster: { server, "certificate-authority-data": btoa(ca) } }],
    users: [{ name: "user", user }],
    contexts: [{ name: "context", context: { cluster: "cluster", user: "user" } }],
    "current-context": "context",
  });
}

/** Where a cluster whose files are in `folder` keeps a kubeconfig. */
export function kubeconfigPath(folder: string, name: string): string {
  return join(folder, `${name}.kubeconfig`);
}
