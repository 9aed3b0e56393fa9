import { Command, CommanderError, Option as Flag } from "commander";
import type { Option, Options, Settings } from "./option.ts";
import { SettingError } from "./setting-error.ts";

/** A command as its users see it. */
export interface CommandLine<O extends Options> {
  /** For example "herald-speaker". */
  readonly name: string;
  readonly version: string;
  /** One sentence. */
  readonly description: string;
  readonly options: O;
  /** Options that would have no effect with these settings: whoever gives one nevertheless is told. */
  readonly idle?: ((settings: Settings<O>) => IdleOptions<O> | undefined) | undefined;
}

/** Options without effect. */
export interface IdleOptions<O extends Options> {
  readonly options: readonly (keyof O & string)[];
  /** What would give them one, to follow "only with". */
  readonly needed: string;
}

/** Settings, or a text to print instead of going on (`--help`, `--version`). */
export type Reading<S> =
  | { readonly type: "settings"; readonly settings: S }
  | { readonly type: "print"; readonly text: string };

/** Environment variables. */
export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Reads the flags of a command, and from the environment what is not among them. An empty variable counts as none.
 *
 * @throws SettingError whose one line names the flag and says what is allowed
 */
export function readSettings<O extends Options>(
  { name, version, description, options, idle }: CommandLine<O>,
  args: readonly string[],
  env: Environment,
): Reading<Settings<O>> {
  let printed = "";
  const command = new Command(name)
    .description(description)
    .version(version, "--version", "print the version")
    .helpOption("--help", "print this")
    .exitOverride()
    .configureOutput({
      writeOut(text) {
        printed += text;
      },
      writeErr: () => {},
    });
  for (const [key, option] of Object.entries(options)) command.addOption(flagOf(key, option));

  try {
    command.parse(args, { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return { type: "print", text: printed };
    throw new SettingError(explain(error, options), { cause: error });
  }
  const flags = command.opts<Record<string, readonly string[] | undefined>>();
  /** The texts that an option was given, and where; undefined: it was not. */
  const givenTo = (key: string): Given | undefined => {
    const variable = env[variableName(key)];
    if (flags[key]) return { name: flagName(key), texts: flags[key] };
    if (!variable) return undefined;
    return {
      name: variableName(key),
      texts: options[key]?.isList ? variable.split(",").map((item) => item.trim()) : [variable],
    };
  };
  const entries = Object.entries(options).map(([key, option]) => {
    const given = givenTo(key);
    return [key, option.read(given?.texts, given?.name ?? flagName(key))];
  });
  // `Object.fromEntries` forgets which value belongs to which key.
  const settings = Object.fromEntries(entries) as Settings<O>;
  const { options: without = [], needed } = idle?.(settings) ?? {};
  for (const key of without) {
    const given = givenTo(key);
    if (given) throw new SettingError(`${given.name}: only with ${needed}`);
  }
  return { type: "settings", settings };
}

interface Given {
  /** The flag or the variable. */
  readonly name: string;
  readonly texts: readonly string[];
}

/** Commander only collects texts; reading them is the option's, the same for flag and variable. */
function flagOf(key: string, { value, help, isList, shownDefault }: Option<unknown>): Flag {
  const notes = [
    ...(isList ? ["repeats"] : []),
    ...(shownDefault === undefined ? [] : [`default: ${shownDefault}`]),
    `env: ${variableName(key)}`,
  ];
  const flag = new Flag(value ? `${flagName(key)} <${value}>` : flagName(key), `${help} (${notes.join(", ")})`);
  return (value ? flag : flag.preset("true")).argParser(collect);
}

const collect = (text: string, before: readonly string[] = []): readonly string[] => [...before, text];

const flagName = (key: string): string => `--${key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;

const variableName = (key: string): string => `HERALD_${flagName(key).slice(2).replaceAll("-", "_").toUpperCase()}`;

function explain({ code, message }: CommanderError, options: Options): string {
  const what = message.replace(/^error: |\n.*$/gs, "");
  if (code === "commander.optionMissingArgument") {
    const [, flag] = /'(--\S+)/.exec(message) ?? [];
    const option = Object.entries(options).find(([key]) => flagName(key) === flag);
    return `${flag} needs a value; allowed: ${option?.[1].allowed}`;
  }
  const flags = [...Object.keys(options).map(flagName), "--help", "--version"];
  return `${what.replace(/\.$/, "")}; allowed: ${flags.join(", ")}`;
}
