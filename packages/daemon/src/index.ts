export { type CommonSettings, commonOptions, securityOf } from "./common-options.ts";
export {
  type Endpoint,
  formatEndpoint,
  isLoopback,
  listenOptions,
  parseAddressPort,
  parseHostPort,
} from "./endpoint.ts";
export { Health } from "./health.ts";
export { createLog, type LogFormat, type LogOptions } from "./log.ts";
export { MetricsAccess, type MetricsAccessOptions, type MetricsVerdict, type ReviewToken } from "./metrics-access.ts";
export { type MetricsServerOptions, serveMetrics } from "./metrics-server.ts";
export {
  defaulted,
  list,
  type Option,
  type Options,
  optional,
  required,
  requiredList,
  type Settings,
  toggle,
} from "./option.ts";
export { addressPort, duration, hostPort, integer, namespaceName, oneOf, type Parser, regex, text } from "./parser.ts";
export { type CommandLine, type Environment, type IdleOptions, type Reading, readSettings } from "./read-settings.ts";
export { type FileSecurity, type Main, type MainContext, runMain } from "./run-main.ts";
export type { Certificate } from "./self-signed.ts";
export { FatalError, SettingError } from "./setting-error.ts";
export { readTlsFiles, type TlsContents, type TlsDependencies, type TlsFiles, watchTlsFiles } from "./tls-files.ts";
