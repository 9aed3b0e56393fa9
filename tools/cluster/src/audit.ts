import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** A request that the API server has answered, or gave up. */
export interface AuditedRequest {
  /** Who asked. */
  readonly user: string;
  /** `get`, `list`, `watch`, `create`, `update`, `patch` … */
  readonly verb: string;
  /** The plural, with the subresource: `services/status`. Empty for what is no resource. */
  readonly resource: string;
  readonly namespace: string | undefined;
  readonly name: string | undefined;
  /** The answer's HTTP status. */
  readonly status: number;
  /** When the request came, and when it was answered: milliseconds since 1970. */
  readonly from: number;
  readonly to: number;
}

/** Whatever is asked, without contents; that a request came is not told by itself. */
const POLICY = {
  apiVersion: "audit.k8s.io/v1",
  kind: "Policy",
  omitStages: ["RequestReceived", "ResponseStarted"],
  rules: [{ level: "Metadata" }],
};

const logIn = (folder: string): string => join(folder, "audit.log");

/** Writes what an API server needs to keep an audit log in the folder; its arguments. */
export function prepareAudit(folder: string): readonly string[] {
  const policy = join(folder, "audit-policy.json");
  writeFileSync(policy, JSON.stringify(POLICY));
  return [`--audit-policy-file=${policy}`, `--audit-log-path=${logIn(folder)}`, "--audit-log-mode=blocking"];
}

/** What the audit log in the folder tells, in the order of answers. */
export function readAudit(folder: string): AuditedRequest[] {
  // The last line may still be being written.
  const lines = readFileSync(logIn(folder), "utf8").split("\n").slice(0, -1);
  return lines.map((line) => requestOf(JSON.parse(line) as AuditEvent));
}

interface AuditEvent {
  readonly user: { readonly username: string };
  readonly verb: string;
  readonly objectRef?: {
    readonly resource?: string;
    readonly subresource?: string;
    readonly namespace?: string;
    readonly name?: string;
  };
  readonly responseStatus?: { readonly code?: number };
  readonly requestReceivedTimestamp: string;
  readonly stageTimestamp: string;
}

function requestOf(event: AuditEvent): AuditedRequest {
  const { resource = "", subresource, namespace, name } = event.objectRef ?? {};
  return {
    user: event.user.username,
    verb: event.verb,
    resource: subresource === undefined ? resource : `${resource}/${subresource}`,
    ...{ namespace, name },
    status: event.responseStatus?.code ?? 0,
    from: Date.parse(event.requestReceivedTimestamp),
    to: Date.parse(event.stageTimestamp),
  };
}
