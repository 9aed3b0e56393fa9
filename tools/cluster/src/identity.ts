import type { User } from "./authority.ts";
import type { Pod } from "./objects.ts";

/** An account for processes. */
export interface ServiceAccount {
  /** Default `default`. */
  readonly namespace?: string | undefined;
  readonly serviceAccount: string;
}

/** As whom to talk to the API server: a user with a client certificate, or a service account with a token. */
export type Identity = User | ServiceAccount;

/** A token to be made for a service account. */
export interface TokenOptions extends ServiceAccount {
  /** Whom it is meant for. Default: the API server. */
  readonly audience?: string | undefined;
  /** The pod whose end is the token's end. */
  readonly pod?: Pick<Pod, "name" | "uid"> | undefined;
  /** At least 600, which is the default. */
  readonly seconds?: number | undefined;
}

/** Who may do everything. */
export const ADMIN: User = { user: "admin", groups: ["system:masters"] };

/** What files that belong to an identity may be called. */
export function fileName(identity: Identity): string {
  const name = "user" in identity ? identity.user : `${identity.namespace ?? "default"}-${identity.serviceAccount}`;
  return name.replaceAll(/[^\w.-]/g, "-");
}

/** What to ask an API server for a token: a path, and a body to send there. */
export function tokenRequest({ namespace = "default", serviceAccount, audience, pod, seconds = 600 }: TokenOptions): {
  readonly path: string;
  readonly body: unknown;
} {
  const bound = pod && { kind: "Pod", apiVersion: "v1", name: pod.name, uid: pod.uid };
  const audiences = audience === undefined ? [] : [audience];
  return {
    path: `/api/v1/namespaces/${namespace}/serviceaccounts/${serviceAccount}/token`,
    body: { spec: { audiences, expirationSeconds: seconds, boundObjectRef: bound } },
  };
}
