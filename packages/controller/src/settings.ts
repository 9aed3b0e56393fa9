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

/** The folder of manifests. */
const folder: Parser<string> = {
  parse(value) {
    // The word is known, so that its refusal can say more.
    if (value === "kubernetes") throw new SettingError("--source: kubernetes is not supported yet; allowed: file:DIR");
    return value.startsWith("file:") && value.length > "file:".length ? value.slice("file:".length) : undefined;
  },
  allowed: "file:DIR",
};

/** The flags of `herald-controller`, beside those that every Herald process has. */
export const controllerOptions: {
  readonly source: Option<string>;
  readonly namespace: Option<string | undefined>;
  readonly listen: Option<Endpoint>;
  readonly lbClass: Option<string | undefined>;
  readonly ignoreExcludeLb: Option<boolean>;
  readonly heartbeatInterval: Option<number>;
  readonly heartbeatMisses: Option<number>;
  readonly startHold: Option<number>;
  readonly massSilenceLimit: Option<number>;
  readonly onStranded: Option<"keep" | "reassign">;
} = {
  source: required("SOURCE", folder, "where manifests come from: file:DIR, a folder of them"),
  namespace: optional("NS", text, "the only namespace whose metallb.io objects act; any unless given"),
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
