import type { LogFields, Logger, LogLevel } from "./logger.ts";

/** A line that was logged; `fields` has those of the `child` loggers too. */
export interface LogEntry {
  readonly level: LogLevel;
  readonly message: string;
  readonly fields: LogFields;
}

/** A logger that remembers. Children write to the same `entries`. */
export interface RecordingLogger extends Logger {
  readonly entries: readonly LogEntry[];
}

/** Makes a logger that keeps all lines in `entries`, for tests. */
export function recordingLogger(): RecordingLogger {
  const entries: LogEntry[] = [];
  return { ...loggerInto(entries, {}), entries };
}

function loggerInto(entries: LogEntry[], context: LogFields): Logger {
  const at = (level: LogLevel) => (message: string, fields?: LogFields) =>
    void entries.push({ level, message, fields: { ...context, ...fields } });
  return {
    debug: at("debug"),
    info: at("info"),
    warn: at("warn"),
    error: at("error"),
    child: (fields) => loggerInto(entries, { ...context, ...fields }),
  };
}
