import { type Endpoint, formatEndpoint, isLoopback } from "./endpoint.ts";
import { defaulted, type Option, optional, type Settings, toggle } from "./option.ts";
import { addressPort, oneOf, text } from "./parser.ts";
import { SettingError } from "./setting-error.ts";
import type { TlsFiles } from "./tls-files.ts";

type LogLevelName = "debug" | "info" | "warn" | "error";

/** The options that every Herald process has. */
export const commonOptions: {
  readonly tlsCert: Option<string | undefined>;
  readonly tlsKey: Option<string | undefined>;
  readonly tlsCa: Option<string | undefined>;
  readonly insecure: Option<boolean>;
  readonly metrics: Option<Endpoint>;
  readonly logLevel: Option<LogLevelName>;
  readonly logFormat: Option<"json" | "pretty" | undefined>;
} = {
  tlsCert: optional("FILE", text, "certificate that this process shows, PEM"),
  tlsKey: optional("FILE", text, "key of that certificate, PEM"),
  tlsCa: optional("FILE", text, "authorities that the other end's certificate must be signed by, PEM"),
  insecure: toggle("allow what is not authenticated: streams without TLS files, metrics beyond loopback"),
  metrics: defaulted("ADDR:PORT", addressPort, "127.0.0.1:9120", "where to serve /metrics, /healthz and /readyz"),
  logLevel: defaulted(
    "LEVEL",
    oneOf("debug", "info", "warn", "error"),
    "info",
    "what to log at least: debug, info, warn or error",
  ),
  logFormat: optional("FORMAT", oneOf("json", "pretty"), "how to log: json or pretty; pretty on a terminal, else json"),
};

/** The settings of `commonOptions`. */
export type CommonSettings = Settings<typeof commonOptions>;

/** The TLS files, if all three are given. */
export function tlsFilesOf({ tlsCert, tlsKey, tlsCa }: CommonSettings): TlsFiles | undefined {
  return tlsCert && tlsKey && tlsCa ? { cert: tlsCert, key: tlsKey, ca: tlsCa } : undefined;
}

/** Where the certificates are, or that there are none to be. @throws SettingError if neither or half is said */
export function securityOf(settings: CommonSettings): TlsFiles | "insecure" {
  const given = tlsFilesOf(settings);
  if (given) return given;
  const { tlsCert, tlsKey, tlsCa, insecure } = settings;
  const files = { "--tls-cert": tlsCert, "--tls-key": tlsKey, "--tls-ca": tlsCa };
  const missing = Object.entries(files).flatMap(([flag, file]) => (file ? [] : [flag]));
  if (missing.length < 3)
    throw new SettingError(`${missing.join(" and ")} missing; TLS needs all of ${Object.keys(files).join(", ")}`);
  if (insecure) return "insecure";
  throw new SettingError(
    "give --tls-cert, --tls-key and --tls-ca for authenticated streams, or --insecure to do without",
  );
}

/** Whether metrics are served to everybody who reaches them: on loopback, or if told to. */
export function isMetricsOpen({ metrics, insecure }: CommonSettings): boolean {
  return isLoopback(metrics) || insecure;
}

/** Without somebody who reviews tokens, only this machine may read metrics, unless told. @throws SettingError */
export function checkMetrics(settings: CommonSettings): void {
  if (isMetricsOpen(settings)) return;
  throw new SettingError(
    `--metrics: ${formatEndpoint(settings.metrics)} can be reached from elsewhere, and metrics are not authenticated; allowed: a loopback address, or --insecure`,
  );
}
