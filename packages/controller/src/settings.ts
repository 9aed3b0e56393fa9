import {
  addressPort,
  defaulted,
  duration,
  type Endpoint,
  integer,
  type Option,
  oneOf,
  optional,
  type Parser,
  required,
  SettingError,
  text,
  toggle,
} from "@heraldlb/daemon";
import { type ControllerTimers, DEFAULT_CONTROLLER_TIMERS } from "@heraldlb/election";
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
} = {
  source: required("SOURCE", source, "where objects come from: file:DIR, a folder of manifests, or kubernetes"),
  kubeconfig: optional("FILE", text, "how to reach the API server; the pod's service account unless given"),
  context: optional("NAME", text, "a context of the kubeconfig; its current one unless given"),
  namespace: optional(
    "NS",
    text,
    "the only namespace whose metallb.io objects act; with files any unless given, with kubernetes the pod's or the context's",
  ),
  listen: defaulted("ADDR:PORT", addressPort, "[::]:7600", "where to serve speakers"),
  lbClass: optional("CLASS", text, "serve Services of this loadBalancerClass only; those without one unless given"),
  ignoreExcludeLb: toggle("let nodes announce that are labelled exclude-from-external-load-balancers"),
  heartbeatInterval: defaulted("DURATION", duration(50, 1_000), "100ms", "how often speakers give a sign of life"),
  heartbeatMisses: defaulted("N", integer(2, 10), "3", "how many missed signs of life make a node dead"),
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
    "what becomes of an address whose pool was changed under it",
  ),
  kubeQps: defaulted("N", integer(1, 10_000), "50", "events, counters and statuses written a second, on average"),
  kubeBurst: defaulted("N", integer(1, 10_000), "100", "how many of them at once after a quiet time"),
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

/** Where objects come from, and how to get there. @throws SettingError if the flags do not go together */
export function sourceOf(
  settings: Pick<
    { readonly [K in keyof typeof controllerOptions]: ReturnType<(typeof controllerOptions)[K]["read"]> },
    "source" | "kubeconfig" | "context" | "kubeQps" | "kubeBurst"
  >,
): RunOptions["source"] {
  const { source, kubeconfig, context, kubeQps: qps, kubeBurst: burst } = settings;
  if (source.type === "kubernetes") return { type: "kubernetes", kubeconfig, context, qps, burst };
  const stray = Object.entries({ "--kubeconfig": kubeconfig, "--context": context }).find(([, value]) => value);
  if (stray) throw new SettingError(`${stray[0]}: only with --source kubernetes`);
  return source;
}
