import { type Logger, systemClock } from "@heraldlb/runtime";
import { Registry } from "prom-client";
import {
  type CommonSettings,
  checkMetrics,
  commonOptions,
  isMetricsOpen,
  securityOf,
  tlsFilesOf,
} from "./common-options.ts";
import { Health } from "./health.ts";
import { createLog } from "./log.ts";
import { MetricsAccess } from "./metrics-access.ts";
import { serveMetrics } from "./metrics-server.ts";
import type { Options, Settings } from "./option.ts";
import { addProcessMetrics } from "./process-metrics.ts";
import { type CommandLine, readSettings } from "./read-settings.ts";
import { FatalError, SettingError } from "./setting-error.ts";
import { type TlsFiles, watchTlsFiles } from "./tls-files.ts";

/** How streams are protected, as the options for TLS files say it. */
export type FileSecurity = TlsFiles | "insecure";

/** What a process is given beside its settings. */
export interface MainContext<S = FileSecurity> {
  readonly log: Logger;
  /** Metrics that are registered here are served. */
  readonly registry: Registry;
  /** Where the certificates of streams are, or that there are to be none. */
  readonly security: S;
  /** Who may read metrics, for a process that said `reviewsTokens`. Others serve everybody who reaches them. */
  readonly metrics: MetricsAccess;
  /** What `/readyz` says. */
  readonly health: Health;
  /** Aborts at SIGTERM or SIGINT: end in good order. */
  readonly signal: AbortSignal;
}

export interface Main<O extends Options, S = FileSecurity> extends CommandLine<O> {
  /**
   * How streams are protected, for a process that has more ways than TLS files; `securityOf` unless given.
   *
   * @throws SettingError
   */
  readonly security?: ((settings: Settings<O> & CommonSettings) => S) | undefined;
  /**
   * Whether `run`, with these settings, will call `context.metrics.protect`. If so, metrics may be served beyond loopback
   * without `--insecure`: over HTTPS, to those whose bearer token is allowed. Until `protect` is called, `/metrics` answers
   * 503. The certificate is that of `--tls-cert`, or what `context.metrics.certify` was given last, or until then one that
   * nobody vouches for. `/healthz` and `/readyz` wait for neither.
   */
  readonly reviewsTokens?: ((settings: Settings<O> & CommonSettings) => boolean) | undefined;
  /** Ends the process; `process.exit` unless given. */
  readonly exit?: ((code: number) => never) | undefined;
  /**
   * The process's work. It ends the process when it resolves (exit code 0), rejects with a SettingError (2) or with
   * anything else (1).
   */
  run(settings: Settings<O> & CommonSettings, context: MainContext<S>): Promise<void>;
}

// Five seconds are promised; the process has to be gone by then.
const END_TIMEOUT_MS = 4500;

/**
 * Runs a process from its flags to its exit code. Never resolves: it ends the process.
 *
 * Exit codes: 0 after SIGTERM, SIGINT, `--help` and `--version`; 1 for what is fatal, and at a second signal; 2 for wrong
 * settings. What is wrong with a setting is one line on standard error; what is fatal is the log's last line.
 */
export async function runMain<const O extends Options, S = FileSecurity>(main: Main<O, S>): Promise<never> {
  const { settings, security } = readOrExit(main);
  const log = await createLog({
    level: settings.logLevel,
    format: settings.logFormat ?? (process.stdout.isTTY ? "pretty" : "json"),
    destination: process.stdout.fd,
  });
  const leave = leaving(main);
  const end = (error: unknown) => fail({ name: main.name, log, leave }, error);
  process.on("uncaughtException", end);
  const signal = endOnSignals(log, leave);
  const registry = new Registry();
  addProcessMetrics(registry, main);
  const health = new Health();
  const metrics = new MetricsAccess({ name: main.name, clock: systemClock, log });

  log.info("starting", { version: main.version, node: process.versions.node });
  // It ends with the signal, and a rejection is a bug that must not be missed.
  serveMetricsOf(settings, { log, registry, health, metrics, signal }).catch(end);
  try {
    await main.run(settings, { log, registry, health, metrics, security, signal });
  } catch (error) {
    // Whoever is told to end before he has begun does so in good order.
    if (!(signal.aborted && error === signal.reason)) end(error);
  }
  log.info("ended");
  return leave(0);
}

type Served = Pick<MainContext, "log" | "registry" | "health" | "metrics" | "signal">;

async function serveMetricsOf(settings: CommonSettings, { metrics, ...served }: Served): Promise<void> {
  const { log, signal } = served;
  const server = { ...served, listen: settings.metrics, clock: systemClock };
  if (isMetricsOpen(settings)) return serveMetrics(server, signal);
  const certify = async (files: TlsFiles) => {
    // The streams' own watch says the same.
    const named = log.child({ for: "metrics" });
    const contents = watchTlsFiles(files, { clock: systemClock, log: named, wallClock: Date.now }, signal);
    for await (const certificate of contents) metrics.certify(certificate);
  };
  const files = tlsFilesOf(settings);
  await Promise.all([serveMetrics({ ...server, access: metrics }, signal), files && certify(files)]);
}

function readOrExit<O extends Options, S>(main: Main<O, S>) {
  try {
    const options = { ...main.options, ...commonOptions };
    const reading = readSettings({ ...main, options }, process.argv.slice(2), process.env);
    if (reading.type === "settings") {
      // TypeScript does not see through the mapped type of a spread.
      const settings = reading.settings as Settings<O> & CommonSettings;
      if (!main.reviewsTokens?.(settings)) checkMetrics(settings);
      // Whoever gives no function has left S as it is.
      return { settings, security: main.security?.(settings) ?? (securityOf(settings) as S) };
    }
    process.stdout.write(reading.text);
  } catch (error) {
    return fail({ name: main.name, log: undefined, leave: leaving(main) }, error);
  }
  return leaving(main)(0);
}

/** Aborts at the first SIGTERM or SIGINT, and ends the process at the second, or when its end takes too long. */
function endOnSignals(log: Logger, leave: Leave): AbortSignal {
  const ending = new AbortController();
  const onSignal = (name: NodeJS.Signals) => {
    if (ending.signal.aborted) {
      log.warn("ended at once", { signal: name });
      leave(1);
    }
    log.info("ending", { signal: name });
    systemClock.timer(END_TIMEOUT_MS, () => {
      log.warn("not ended in time, given up", { timeoutMs: END_TIMEOUT_MS });
      leave(0);
    });
    ending.abort();
  };
  process.on("SIGTERM", onSignal);
  process.on("SIGINT", onSignal);
  return ending.signal;
}

type Leave = (code: number) => never;

const leaving = ({ exit }: { readonly exit?: Leave | undefined }): Leave => exit ?? ((code) => process.exit(code));

function fail(
  { name, log, leave }: { readonly name: string; readonly log: Logger | undefined; readonly leave: Leave },
  error: unknown,
): never {
  if (error instanceof SettingError) {
    process.stderr.write(`${name}: ${error.message}\n`);
    return leave(2);
  }
  if (error instanceof FatalError) log?.error("fatal", { reason: error.message });
  else if (log) log.error("fatal", { error });
  else process.stderr.write(`${name}: ${error}\n`);
  return leave(1);
}
