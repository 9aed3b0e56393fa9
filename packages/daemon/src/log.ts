import { isatty } from "node:tty";
import type { Logger, LogLevel } from "@heraldlb/runtime";
import {
  type DestinationStream,
  type LoggerOptions,
  type Logger as PinoLogger,
  pino,
  stdSerializers,
  stdTimeFunctions,
} from "pino";

/** `json`: one object a line. `pretty`: for people. */
export type LogFormat = "json" | "pretty";

export interface LogOptions {
  readonly level: LogLevel;
  readonly format: LogFormat;
  /** Where the lines go: a file descriptor, or something with `write`. */
  readonly destination: number | DestinationStream;
}

/** A log of one line an entry, written before the call returns, so that a crash loses nothing. */
export async function createLog({ level, format, destination }: LogOptions): Promise<Logger> {
  const options: LoggerOptions = {
    level,
    base: null,
    messageKey: "message",
    timestamp: stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
    serializers: { error: stdSerializers.err, cause: stdSerializers.err },
  };
  return adapt(pino(options, await stream(format, destination)));
}

async function stream(format: LogFormat, destination: number | DestinationStream): Promise<DestinationStream> {
  const lines = typeof destination === "number" ? pino.destination({ dest: destination, sync: true }) : destination;
  if (format === "json") return lines;
  // Loaded when it is wanted: services log JSON.
  const { prettyFactory } = await import("pino-pretty");
  const prettify = prettyFactory({
    messageKey: "message",
    colorize: typeof destination === "number" && isatty(destination),
    translateTime: "SYS:HH:MM:ss.l",
    singleLine: true,
  });
  return { write: (line) => lines.write(prettify(line)) };
}

const adapt = (log: PinoLogger): Logger => ({
  debug: (message, fields = {}) => log.debug(fields, message),
  info: (message, fields = {}) => log.info(fields, message),
  warn: (message, fields = {}) => log.warn(fields, message),
  error: (message, fields = {}) => log.error(fields, message),
  child: (fields) => adapt(log.child(fields)),
});
