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
    serializers: { error: readable, cause: readable },
  };
  return adapt(pino(options, await stream(format, destination)));
}

/**
 * An error as the log shows it. Of what a server or the kernel has refused, the stack would tell nothing: the message says
 * what was asked for, and of whom.
 */
function readable(error: Error): unknown {
  if (!(error instanceof Error && isRefusal(error))) return stdSerializers.err(error);
  const { name: type, message, ...fields } = error;
  return { type, message, ...fields };
}

/** System calls' errors, and those that carry an HTTP status. */
function isRefusal(error: Error & { readonly syscall?: unknown; readonly status?: unknown }): boolean {
  return typeof error.syscall === "string" || typeof error.status === "number";
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
