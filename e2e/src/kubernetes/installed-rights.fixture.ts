// What the chart lets the controller do, beside what it did.
import { type Cluster, HERALD_NAMESPACE } from "@heraldlb/cluster";

const RBAC = "/apis/rbac.authorization.k8s.io/v1";
const NAME = "herald-controller";
const STATUSES = ["servicel2statuses", "servicebgpstatuses", "configurationstates"];

/** What a run may do without. */
const OCCASIONAL: ReadonlySet<string> = new Set([
  // A write is refused, as somebody else was quicker.
  ...["services", "ipaddresspools", ...STATUSES].map((resource) => `get ${resource}`),
  // Somebody takes a label away; a node announces no more, or is gone.
  ...STATUSES.flatMap((resource) => [`patch ${resource}`, `delete ${resource}`]),
  // The same happens again.
  "patch events",
  // The authority is renewed.
  "update secrets herald-ca",
]);

interface Role {
  readonly rules: readonly {
    readonly resources: readonly string[];
    readonly resourceNames?: readonly string[];
    readonly verbs: readonly string[];
  }[];
}

/**
 * Rights of the controller, as `get secrets herald-ca`, that it has not used so far, though everybody's does. Needs the
 * API server's audit log.
 */
export async function needlessRights(cluster: Cluster): Promise<readonly string[]> {
  const paths = [`clusterroles/${NAME}`, `namespaces/${HERALD_NAMESPACE}/roles/${NAME}`];
  const roles = (await Promise.all(paths.map((path) => cluster.request("GET", `${RBAC}/${path}`)))) as readonly Role[];
  const account = `system:serviceaccount:${HERALD_NAMESPACE}:${NAME}`;
  const asked = cluster.audit().filter(({ user }) => user === account);
  const used = new Set(
    asked.flatMap(({ verb, resource, name }) => [`${verb} ${resource}`, `${verb} ${resource} ${name}`]),
  );
  return roles
    .flatMap(({ rules }) => rules.flatMap(rightsOf))
    .filter((right) => !used.has(right) && !OCCASIONAL.has(right));
}

function rightsOf({ resources, resourceNames, verbs }: Role["rules"][number]): readonly string[] {
  const what = resources.flatMap((resource) => resourceNames?.map((name) => `${resource} ${name}`) ?? [resource]);
  return what.flatMap((each) => verbs.map((verb) => `${verb} ${each}`));
}
