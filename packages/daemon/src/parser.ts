import { formatDuration, parseDuration } from "@heraldlb/runtime";
import { type Endpoint, parseAddressPort, parseHostPort } from "./endpoint.ts";

/** How the text of a flag or variable becomes a value. */
export interface Parser<T> {
  /** Undefined if the text is not allowed. */
  parse(text: string): T | undefined;
  /** What is allowed, to follow "allowed:". */
  readonly allowed: string;
}

/** Any text but none. */
export const text: Parser<string> = { parse: (value) => value || undefined, allowed: "a text that is not empty" };

/** The name of a namespace: a DNS label (RFC 1123). */
export const namespaceName: Parser<string> = {
  parse: (value) => (/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/.test(value) ? value : undefined),
  allowed: "a namespace, at most 63 lower-case letters, digits and '-'",
};

/** One of a few words. */
export const oneOf = <const T extends string>(...words: readonly T[]): Parser<T> => ({
  parse: (value) => words.find((word) => word === value),
  allowed: words.join(", "),
});

/** A duration, in milliseconds, between two others, both allowed. */
export const duration = (min: number, max: number): Parser<number> => ({
  parse: (value) => within(parseDuration(value), min, max),
  allowed: `a duration from ${formatDuration(min)} to ${formatDuration(max)}, for example 100ms or 1m30s`,
});

/** A whole number between two others, both allowed. */
export const integer = (min: number, max: number): Parser<number> => ({
  parse: (value) => (/^-?\d+$/.test(value) ? within(Number(value), min, max) : undefined),
  allowed: `a whole number from ${min} to ${max}`,
});

/** IP address and port, to listen on. */
export const addressPort: Parser<Endpoint> = {
  parse: parseAddressPort,
  allowed: "ADDR:PORT, for example 127.0.0.1:9120 or [::]:7600",
};

/** Name or IP address, and port, to connect to. */
export const hostPort: Parser<Endpoint> = {
  parse: parseHostPort,
  allowed: "HOST:PORT, for example controller.example:7600 or [fd00::1]:7600",
};

/** A regular expression. */
export const regex: Parser<RegExp> = {
  parse(value) {
    try {
      return new RegExp(value);
    } catch {
      return undefined;
    }
  },
  allowed: "a regular expression",
};

const within = (value: number | undefined, min: number, max: number): number | undefined =>
  value !== undefined && value >= min && value <= max ? value : undefined;
