/** What a log line says beside its constant message. */
export type LogFields = Readonly<Record<string, unknown>>;

/** How much a log line matters. */
export type LogLevel = "debug" | "info" | "warn" | "error";

/** Where log lines go. The message is constant; what varies are fields. */
export interface Logger {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
  /** A logger that adds these fields to each of its lines. */
  child(fields: LogFields): Logger;
}

/** Says nothing. */
export const silentLogger: Logger = {
  debug: () => {},
  info: () => {},
  warn: () => {},
  error: () => {},
  child: () => silentLogger,
};
