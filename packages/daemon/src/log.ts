import type { Logger, LogLevel } from "@heraldlb/runtime";
import {
  type DestinationStream,
  type LoggerOptions,
  type Logger as PinoLogger,
  pino,
  stdSerializers,
  stdTimeFunctions,
} from "pino";
import pretty from "pino-pretty";

/** `json`: one object a line. `pretty`: for people. */
export type LogFormat = "json" | "pretty";

export interface LogOptions {
  readonly level: LogLevel;
  readonly format: LogFormat;
  /** Where the lines go: a file descriptor, or something with `write`. */
  readonly destination: number | DestinationStream;
}

/** A log of one line an entry, written before the call returns, so that a crash loses nothing. */
export function createLog({ level, format, destination }: LogOptions): Logger {
  const options: LoggerOptions = {
    level,
    base: null,
    messageKey: "message",
    timestamp: stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
    serializers: { error: stdSerializers.err, cause: stdSerializers.err },
  };
  return adapt(pino(options, stream(format, destination)));
}

function stream(format: LogFormat, destination: number | DestinationStream): DestinationStream {
  if (format === "pretty") {
    return pretty({
      destination: typeof destination === "number" ? destination : (destination as NodeJS.WritableStream),
      sync: true,
      messageKey: "message",
      colorize: destination === 1 && process.stdout.isTTY === true,
      translateTime: "SYS:HH:MM:ss.l",
      singleLine: true,
    });
  }
  return typeof destination === "number" ? pino.destination({ dest: destination, sync: true }) : destination;
}

const adapt = (log: PinoLogger): Logger => ({
  debug: (message, fields = {}) => log.debug(fields, message),
  info: (message, fields = {}) => log.info(fields, message),
  warn: (message, fields = {}) => log.warn(fields, message),
  error: (message, fields = {}) => log.error(fields, message),
  child: (fields) => adapt(log.child(fields)),
});
