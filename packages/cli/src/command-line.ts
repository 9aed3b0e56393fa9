import { readManifests } from "@heraldlb/files";
import { Argument, Command, CommanderError, Option } from "commander";
import { completion, SHELLS, type Shell } from "./completion.ts";
import { CRD_KINDS, printCrds } from "./crds.ts";
import { FORMATS, type Format } from "./format.ts";
import { printReport } from "./report.ts";
import { validate } from "./validate.ts";

/** What the command reads and writes. */
export interface CommandPorts {
  readonly version: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** For results. */
  out(text: string): void;
  /** For what is said to people. */
  err(text: string): void;
}

const WRONG_USAGE = 2;

/** Runs `herald` with its arguments and returns the exit code: 0, 1 when something is wrong with what it looked at, 2 for wrong usage. */
export async function runCommand(args: readonly string[], ports: CommandPorts): Promise<number> {
  let exitCode = 0;
  const program = commandLine(ports, (code) => {
    exitCode = code;
  });
  try {
    await program.parseAsync(withVariables(args, program, ports.env), { from: "user" });
    return exitCode;
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return 0;
    ports.err(`herald: ${usageMessage(error, program, args[0])}\n`);
    return WRONG_USAGE;
  }
}

function commandLine(ports: CommandPorts, end: (exitCode: number) => void): Command {
  const { version, out, err } = ports;
  const program = new Command("herald")
    .description("Checks manifests for Herald, and prints what it needs from a cluster.")
    .version(version, "--version", "print the version")
    .helpOption("--help", "print this")
    .helpCommand(false)
    .exitOverride()
    .configureOutput({ writeOut: out, writeErr: () => {} });

  program
    .command("validate")
    .description("Check manifests offline: each by itself, and all together.")
    .addArgument(new Argument("<FILE|DIR...>", "manifests, folders of them, or - for standard input"))
    .addOption(outputOption("table"))
    .option(
      "-n, --namespace <NAMESPACE>",
      "only metallb.io objects of it act, as with the controller's flag (env: HERALD_NAMESPACE)",
    )
    .option("--strict", "take warnings for errors (env: HERALD_STRICT)", false)
    .action(async (paths: string[], { output, namespace, strict }: ValidateFlags) => {
      const reading = await readManifests(paths.map((path) => (path === "-" ? "/dev/stdin" : path)));
      for (const { file, message } of reading.complete ? [] : reading.problems) {
        err(`herald: ${file}: ${message.replace(/; .*/, "")}\n`);
      }
      if (!reading.complete) return end(WRONG_USAGE);
      const report = validate(reading, { namespace: namespace || undefined, strict });
      printReport(report, output, ports);
      end(report.errors.length > 0 ? 1 : 0);
    });

  program
    .command("crds")
    .description("Print the CustomResourceDefinitions, for `kubectl apply --server-side -f -`.")
    .addArgument(new Argument("[KIND...]", "of these kinds only").choices(CRD_KINDS))
    .addOption(outputOption("yaml"))
    .action((kinds: string[], { output }: OutputFlags) => out(printCrds(kinds, output)));

  program
    .command("completion")
    .description("Print a script that completes this command's arguments.")
    .addArgument(new Argument("<SHELL>", "for which shell").choices(SHELLS))
    .action((shell: Shell) => out(completion(shell, program)));
  return program;
}

interface OutputFlags {
  readonly output: Format;
}

interface ValidateFlags extends OutputFlags {
  readonly namespace?: string;
  readonly strict: boolean;
}

function outputOption(byDefault: Format): Option {
  return new Option("-o, --output <FORMAT>", "how to print (env: HERALD_OUTPUT)").choices(FORMATS).default(byDefault);
}

/** The arguments, behind those that variables stand for: what the command line says wins. */
function withVariables(args: readonly string[], program: Command, env: CommandPorts["env"]): readonly string[] {
  const [name, ...rest] = args;
  const command = program.commands.find((one) => one.name() === name);
  if (name === undefined || !command) return args;
  return [name, ...command.options.flatMap((option) => fromVariable(option, env)), ...rest];
}

function fromVariable({ long, required, argChoices }: Option, env: CommandPorts["env"]): string[] {
  const variable = `HERALD_${long?.slice(2).toUpperCase()}`;
  const value = env[variable];
  if (!long || !value) return [];
  if (required && (argChoices?.includes(value) ?? true)) return [long, value];
  if (!required && (value === "true" || value === "1")) return [long];
  if (!required && (value === "false" || value === "0")) return [];
  const allowed = (argChoices ?? ["true", "false"]).join(", ");
  throw new CommanderError(WRONG_USAGE, "herald.variable", `${variable}: "${value}"; allowed: ${allowed}`);
}

/** One line: what is wrong, and what is allowed. */
function usageMessage({ code, message }: CommanderError, program: Command, name: string | undefined): string {
  const words = message
    .replace(/^error: /, "")
    .replace(/\n.*/s, "")
    .replace(/\.$/, "");
  const commands = program.commands.map((command) => command.name()).join(", ");
  if (code === "commander.help") return `no command given; allowed: ${commands}`;
  if (code === "commander.unknownCommand") return `${words}; allowed: ${commands}`;
  const command = program.commands.find((one) => one.name() === name) ?? program;
  const options = command.createHelp().visibleOptions(command);
  const lacking = options.find(({ flags }) => code === "commander.optionMissingArgument" && words.includes(flags));
  if (lacking?.argChoices) return `${words}; allowed: ${lacking.argChoices.join(", ")}`;
  if (code !== "commander.unknownOption") return words;
  return `${words}; allowed: ${options.map(({ long }) => long).join(", ")}`;
}
