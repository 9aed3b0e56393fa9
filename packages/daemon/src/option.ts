import type { Parser } from "./parser.ts";
import { SettingError } from "./setting-error.ts";

/**
 * A flag, which is an environment variable too. Its name is that of the setting in kebab-case: `stateDir` is
 * `--state-dir` and `HERALD_STATE_DIR`.
 */
export interface Option<T> {
  /** What `--help` says about it. */
  readonly help: string;
  /** What `--help` calls its value; undefined for a switch, which has none. */
  readonly value: string | undefined;
  /** Whether it may be given several times. Its variable then holds a comma-separated list. */
  readonly isList: boolean;
  /** What is allowed, to follow "allowed:". */
  readonly allowed: string;
  /** The default as `--help` shows it. */
  readonly shownDefault: string | undefined;
  /** Turns the texts that were given into the setting. @throws SettingError that begins with `name` */
  read(given: readonly string[] | undefined, name: string): T;
}

/** Options by the name of their setting. */
export type Options = Readonly<Record<string, Option<unknown>>>;

/** The settings that options lead to. */
export type Settings<O extends Options> = { readonly [K in keyof O]: O[K] extends Option<infer T> ? T : never };

/** An option that must be given. */
export function required<T>(value: string, parser: Parser<T>, help: string): Option<T> {
  return {
    ...{ help, value, isList: false, allowed: parser.allowed, shownDefault: undefined },
    read(given, name) {
      if (!given) throw new SettingError(`${name} is required; allowed: ${parser.allowed}`);
      return parseOne(given, parser, name);
    },
  };
}

/** An option that may be left out; its setting is undefined then. */
export function optional<T>(value: string, parser: Parser<T>, help: string): Option<T | undefined> {
  return {
    ...{ help, value, isList: false, allowed: parser.allowed, shownDefault: undefined },
    read: (given, name) => (given ? parseOne(given, parser, name) : undefined),
  };
}

/** An option with a default, which is given as a user would write it. */
export function defaulted<T>(value: string, parser: Parser<T>, shownDefault: string, help: string): Option<T> {
  return {
    ...{ help, value, isList: false, allowed: parser.allowed, shownDefault },
    read: (given, name) => parseOne(given ?? [shownDefault], parser, name),
  };
}

/** An option that may be given several times; none gives an empty list. */
export function list<T>(value: string, parser: Parser<T>, help: string): Option<readonly T[]> {
  return {
    ...{ help, value, isList: true, allowed: parser.allowed, shownDefault: undefined },
    read: (given, name) => (given ?? []).map((each) => parseOne([each], parser, name)),
  };
}

/** An option that must be given at least once. */
export function requiredList<T>(value: string, parser: Parser<T>, help: string): Option<readonly T[]> {
  return {
    ...list(value, parser, help),
    read(given, name) {
      if (!given?.length) throw new SettingError(`${name} is required; allowed: ${parser.allowed}`);
      return given.map((each) => parseOne([each], parser, name));
    },
  };
}

/** A flag without a value. Its variable is "true" or "false". */
export function toggle(help: string): Option<boolean> {
  return {
    ...{ help, value: undefined, isList: false, allowed: "true, false", shownDefault: undefined },
    read(given, name) {
      const last = given?.at(-1) ?? "false";
      if (last === "true" || last === "1") return true;
      if (last === "false" || last === "0") return false;
      throw new SettingError(`${name}: "${last}"; allowed: true, false`);
    },
  };
}

/** As with most commands, the last of several wins. */
function parseOne<T>(given: readonly string[], parser: Parser<T>, name: string): T {
  const last = given.at(-1) ?? "";
  const value = parser.parse(last);
  if (value === undefined) throw new SettingError(`${name}: ${JSON.stringify(last)}; allowed: ${parser.allowed}`);
  return value;
}
