import {
  addressPort,
  type CommonSettings,
  defaulted,
  duration,
  type Endpoint,
  type FileSecurity,
  type IdleOptions,
  integer,
  list,
  namespaceName,
  type Option,
  oneOf,
  optional,
  type Parser,
  required,
  SettingError,
  type Settings,
  securityOf,
  text,
  toggle,
} from "@heraldlb/daemon";
import { type ControllerTimers, DEFAULT_CONTROLLER_TIMERS } from "@heraldlb/election";
import type { ClusterServiceOptions, OwnAuthority } from "./kubernetes/cluster-services.ts";
import type { RunOptions } from "./run.ts";

/** Where objects come from. */
const source: Parser<{ readonly type: "files"; readonly folder: string } | { readonly type: "kubernetes" }> = {
  parse(value) {
    if (value === "kubernetes") return { type: "kubernetes" };
    const folder = value.startsWith("file:") ? value.slice("file:".length) : "";
    return folder === "" ? undefined : { type: "files", folder };
  },
  allowed: "file:DIR, kubernetes",
};

/** The flags of `herald-controller`, beside those that every Herald process has. */
export const controllerOptions: {
  readonly source: Option<{ readonly type: "files"; readonly folder: string } | { readonly type: "kubernetes" }>;
  readonly kubeconfig: Option<string | undefined>;
  readonly context: Option<string | undefined>;
  readonly namespace: Option<string | undefined>;
  readonly listen: Option<Endpoint>;
  readonly lbClass: Option<string | undefined>;
  readonly ignoreExcludeLb: Option<boolean>;
  readonly heartbeatInterval: Option<number>;
  readonly heartbeatMisses: Option<number>;
  readonly startHold: Option<number>;
  readonly massSilenceLimit: Option<number>;
  readonly onStranded: Option<"keep" | "reassign">;
  readonly kubeQps: Option<number>;
  readonly kubeBurst: Option<number>;
  readonly tlsSecret: Option<string | undefined>;
  readonly tlsName: Option<readonly string[]>;
  readonly tokenAudience: Option<string>;
  readonly speakerAccount: Option<string>;
  readonly webhookListen: Option<Endpoint | undefined>;
  readonly webhookService: Option<string>;
  readonly webhookConfiguration: Option<string>;
} = {
  source: required(
    "SOURCE",
    source,
    "where objects come from, required: file:DIR, a folder of manifests, or kubernetes",
  ),
  kubeconfig: optional("FILE", text, "how to reach the API server; the pod's service account unless given"),
  context: optional("NAME", text, "a context of the kubeconfig; its current one unless given"),
  namespace: optional(
    "NS",
    namespaceName,
    "the only namespace whose metallb.io objects act; with files any unless given, with kubernetes the pod's or the context's",
  ),
  listen: defaulted("ADDR:PORT", addressPort, "[::]:7600", "where to serve speakers"),
  lbClass: optional("CLASS", text, "serve Services of this loadBalancerClass only; those without one unless given"),
  ignoreExcludeLb: toggle("let nodes announce that are labelled exclude-from-external-load-balancers"),
  heartbeatInterval: defaulted(
    "DURATION",
    duration(50, 1_000),
    "100ms",
    "how often speakers give a sign of life, 50ms to 1s",
  ),
  heartbeatMisses: defaulted("N", integer(2, 10), "3", "how many missed signs of life make a node dead, 2 to 10"),
  startHold: defaulted("DURATION", duration(0, 60_000), "3s", "how long to wait for known speakers at the start"),
  massSilenceLimit: defaulted(
    "DURATION",
    duration(1_000, 600_000),
    "10s",
    "how long nobody is judged dead while most speakers are silent at once",
  ),
  onStranded: defaulted(
    "WHAT",
    oneOf("keep", "reassign"),
    "keep",
    "what becomes of an address whose pool was changed under it: keep it, or reassign another at once",
  ),
  kubeQps: defaulted("N", integer(1, 10_000), "50", "events, counters and statuses written a second, on average"),
  kubeBurst: defaulted("N", integer(1, 10_000), "100", "how many of them at once after a quiet time"),
  tlsSecret: optional(
    "NAME",
    text,
    "a Secret of the namespace to keep an authority of one's own in, instead of TLS files; with kubernetes",
  ),
  tlsName: list("NAME", text, "a DNS name or address that speakers dial, for the certificate; with --tls-secret"),
  tokenAudience: defaulted("AUDIENCE", text, "herald", "whom the tokens of speakers are meant for"),
  speakerAccount: defaulted("NAME", text, "herald-speaker", "the ServiceAccount whose tokens let a speaker in"),
  webhookListen: optional("ADDR:PORT", addressPort, "where to serve admission webhooks; with --tls-secret"),
  webhookService: defaulted("NAME", text, "herald-webhook", "the Service by which the API server reaches them"),
  webhookConfiguration: defaulted(
    "NAME",
    text,
    "herald-webhook",
    "the ValidatingWebhookConfiguration that is made to trust them",
  ),
};

/** The protocol's durations as the flags have them. */
export function timersOf(settings: {
  readonly heartbeatInterval: number;
  readonly heartbeatMisses: number;
  readonly startHold: number;
  readonly massSilenceLimit: number;
}): ControllerTimers {
  return {
    ...DEFAULT_CONTROLLER_TIMERS,
    intervalMs: settings.heartbeatInterval,
    misses: settings.heartbeatMisses,
    startHoldMs: settings.startHold,
    // Speakers that nobody knows are not worth a longer wait than known ones.
    unknownStartHoldMs: Math.min(DEFAULT_CONTROLLER_TIMERS.unknownStartHoldMs, settings.startHold),
    massFreezeMs: settings.massSilenceLimit,
  };
}

type ControllerSettings = Settings<typeof controllerOptions>;

const CLUSTER_OPTIONS: IdleOptions<typeof controllerOptions>["options"] = [
  "kubeconfig",
  "context",
  "kubeQps",
  "kubeBurst",
  "tlsSecret",
  "tlsName",
  "tokenAudience",
  "speakerAccount",
  "webhookListen",
  "webhookService",
  "webhookConfiguration",
];

/** A folder has nothing to do with what is about API servers. */
export function idleOptions({
  source,
}: Pick<ControllerSettings, "source">): IdleOptions<typeof controllerOptions> | undefined {
  return source.type === "kubernetes" ? undefined : { options: CLUSTER_OPTIONS, needed: "--source kubernetes" };
}

/** Where objects come from, and how to get there. */
export function sourceOf(
  settings: Pick<ControllerSettings, "source" | "kubeconfig" | "context" | "kubeQps" | "kubeBurst">,
): RunOptions["source"] {
  const { source, kubeconfig, context, kubeQps: qps, kubeBurst: burst } = settings;
  return source.type === "kubernetes" ? { ...source, kubeconfig, context, qps, burst } : source;
}

/** How streams are protected: by files, by an authority of the controllers' own, or not at all. */
export type ControllerSecurity = FileSecurity | OwnAuthority;

/** How the flags say that streams are protected. @throws SettingError */
export function controllerSecurity(settings: ControllerSettings & CommonSettings): ControllerSecurity {
  const { source, tlsSecret, tlsName, webhookListen, tlsCert, tlsKey, tlsCa, insecure } = settings;
  if (tlsSecret === undefined) {
    if (tlsName.length > 0) throw new SettingError("--tls-name: only with --tls-secret");
    if (webhookListen)
      throw new SettingError("--webhook-listen: needs --tls-secret, whose authority API servers trust");
    if (source.type === "kubernetes" && !tlsCert && !tlsKey && !tlsCa && !insecure)
      throw new SettingError("give --tls-secret and --tls-name, or --tls-cert, --tls-key and --tls-ca, or --insecure");
    return securityOf(settings);
  }
  if (tlsCert || tlsKey || tlsCa)
    throw new SettingError("--tls-secret: an authority of one's own stands for files; allowed: without --tls-cert, …");
  if (tlsName.length === 0) throw new SettingError("--tls-secret: needs --tls-name, the name that speakers dial");
  return { secret: tlsSecret, names: tlsName };
}

/** What a controller does for a cluster beside what all do. */
export function clusterServiceOf(settings: ControllerSettings): ClusterServiceOptions {
  const { tokenAudience, speakerAccount, webhookListen: listen, webhookService, webhookConfiguration } = settings;
  const webhook = listen && { listen, service: webhookService, configuration: webhookConfiguration };
  return { tokenAudience, speakerAccount, webhook };
}
