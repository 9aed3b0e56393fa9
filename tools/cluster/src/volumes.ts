import { chmodSync, chownSync, mkdirSync, readlinkSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Mount, PodSpec, ProjectedSource } from "@heraldlb/chart";
import type { Kube } from "@heraldlb/kube";
import { tokenRequest } from "./identity.ts";
import type { PodObject } from "./pod-object.ts";

/** A folder's files by name. */
export type Files = Readonly<Record<string, string>>;

const TOKEN_MODE = 0o600;
const SHARED_MODE = 0o2777;

/** Makes the folder of an `emptyDir`, which a pod's group may write to. */
export function makeEmptyFolder(folder: string, { securityContext }: PodSpec): void {
  mkdirSync(folder, { recursive: true });
  chownSync(folder, 0, securityContext?.fsGroup ?? 0);
  chmodSync(folder, SHARED_MODE);
}

/**
 * Makes a folder have exactly these files, as a kubelet does: a link to another folder is replaced in one step, so that
 * nobody sees some of the old with some of the new. Tokens are the pod's user's alone.
 */
export function writeFiles(folder: string, files: Files, { securityContext: { runAsUser = 0 } = {} }: PodSpec): void {
  mkdirSync(folder, { recursive: true });
  const data = join(folder, "..data");
  const former = linkedTo(data);
  const name = `..${process.hrtime.bigint()}`;
  for (const [path, text] of Object.entries(files)) {
    const file = join(folder, name, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
    if (path !== "token") continue;
    chmodSync(file, TOKEN_MODE);
    chownSync(file, runAsUser, runAsUser);
  }
  symlinkSync(name, `${data}_tmp`);
  renameSync(`${data}_tmp`, data);
  if (former !== undefined) rmSync(join(folder, former), { recursive: true });
  for (const path of Object.keys(files)) {
    if (linkedTo(join(folder, path)) === undefined) symlinkSync(join("..data", path), join(folder, path));
  }
}

function linkedTo(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
}

/** The sources of a mount's volume that are kept up to date. */
export function projectedSources({ source }: Mount): readonly ProjectedSource[] {
  return source.projected?.sources ?? [];
}

/** A token, and how long it is good for. */
export interface PodToken {
  readonly token: string;
  readonly lifetimeMs: number;
}

/** Gets a pod a token that is as good as the pod itself. */
export async function podToken(
  kube: Pick<Kube, "request">,
  { metadata, spec: { serviceAccountName } }: PodObject,
  { audience, expirationSeconds }: NonNullable<ProjectedSource["serviceAccountToken"]>,
): Promise<PodToken> {
  const { path, body } = tokenRequest({
    ...{ namespace: metadata.namespace, serviceAccount: serviceAccountName, audience },
    ...{ seconds: expirationSeconds, pod: metadata },
  });
  const { status } = (await kube.request("POST", path, { body })) as { readonly status: { readonly token: string } };
  return { token: status.token, lifetimeMs: expirationSeconds * 1000 };
}

/** The files of a source that is no token. @throws KubeError if its ConfigMap is not there */
export async function sourceFiles(
  kube: Pick<Kube, "request">,
  { metadata: { namespace } }: PodObject,
  { configMap, downwardAPI }: ProjectedSource,
  fieldOf: (path: string) => string,
): Promise<Files> {
  const fields = (downwardAPI?.items ?? []).map(({ path, fieldRef }) => [path, fieldOf(fieldRef.fieldPath)]);
  if (!configMap) return Object.fromEntries(fields);
  const { data = {} } = (await kube.request("GET", `/api/v1/namespaces/${namespace}/configmaps/${configMap.name}`)) as {
    readonly data?: Files;
  };
  return Object.fromEntries([...fields, ...configMap.items.map(({ key, path }) => [path, data[key] ?? ""])]);
}
