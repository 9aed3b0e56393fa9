import type { Command, Option } from "commander";

/** Shells that arguments are completed for. */
export const SHELLS = ["bash", "zsh", "fish"] as const;

export type Shell = (typeof SHELLS)[number];

interface Flag {
  /** `-o` and `--output`, or one of them. */
  readonly names: readonly string[];
  readonly description: string;
  /** Undefined: it takes no value. Empty: any value. */
  readonly values: readonly string[] | undefined;
}

interface Subcommand {
  readonly name: string;
  readonly description: string;
  readonly flags: readonly Flag[];
  /** Words that may follow; undefined: files. */
  readonly words: readonly string[] | undefined;
}

/** A script that completes the command's subcommands, flags and their values in a shell. */
export function completion(shell: Shell, program: Command): string {
  const commands = program.commands.map(subcommand);
  const name = program.name();
  return { bash, zsh, fish }[shell](name, commands);
}

function subcommand(command: Command): Subcommand {
  const flags = [...command.options.map(flag), { names: ["--help"], description: "print this", values: undefined }];
  const words = command.registeredArguments[0]?.argChoices;
  return { name: command.name(), description: command.description(), flags, words };
}

function flag({ short, long, description, required, argChoices }: Option): Flag {
  const names = [short, long].filter((name) => name !== undefined && name !== null);
  return { names, description, values: required ? (argChoices ?? []) : undefined };
}

function bash(name: string, commands: readonly Subcommand[]): string {
  const cases = commands.map(({ name: command, flags, words }) => {
    const values = flags.flatMap(({ names, values: allowed }) =>
      allowed
        ? [`      ${names.join("|")}) COMPREPLY=($(compgen -W "${allowed.join(" ")}" -- "$current")); return ;;`]
        : [],
    );
    const operands = words ? `compgen -W "${words.join(" ")}" -- "$current"` : 'compgen -f -- "$current"';
    return `    ${command})
      case $before in
${values.join("\n")}
      esac
      if [[ $current == -* ]]; then
        COMPREPLY=($(compgen -W "${flags.flatMap(({ names }) => names).join(" ")}" -- "$current"))
      else
        COMPREPLY=($(${operands}))
      fi
      ;;`;
  });
  return `# Completion of ${name} for bash. For all users: ${name} completion bash > /etc/bash_completion.d/${name}
_${name}() {
  local current=\${COMP_WORDS[COMP_CWORD]} before=\${COMP_WORDS[COMP_CWORD - 1]} IFS=$' \\t\\n'
  if ((COMP_CWORD == 1)); then
    COMPREPLY=($(compgen -W "${commands.map((command) => command.name).join(" ")} --help --version" -- "$current"))
    return
  fi
  IFS=$'\\n '
  case \${COMP_WORDS[1]} in
${cases.join("\n")}
  esac
}
complete -o filenames -F _${name} ${name}
`;
}

function zsh(name: string, commands: readonly Subcommand[]): string {
  const cases = commands.map(({ name: command, flags, words }) => {
    const specs = flags.map(({ names, description, values }) => {
      const text = `[${description.replaceAll(/[[\]:]/g, " ").replaceAll("'", "'\\''")}]`;
      const value = values === undefined ? "" : `:value:${values.length > 0 ? `(${values.join(" ")})` : ""}`;
      return names.length > 1 ? `{${names.join(",")}}'${text}${value}'` : `'${names[0]}${text}${value}'`;
    });
    const operands = words ? `'*:argument:(${words.join(" ")})'` : "'*:file:_files'";
    return `    ${command}) _arguments ${[...specs, operands].join(" \\\n      ")} ;;`;
  });
  const described = commands.map((command) => `    '${command.name}:${command.description.replaceAll(/[':]/g, " ")}'`);
  return `#compdef ${name}
# Completion of ${name} for zsh. For one user: ${name} completion zsh > a file _${name} in a folder of $fpath.
_${name}() {
  local -a commands=(
${described.join("\n")}
  )
  if ((CURRENT == 2)); then
    _describe command commands
    compadd -- --help --version
    return
  fi
  local command=$words[2]
  shift words
  ((CURRENT--))
  case $command in
${cases.join("\n")}
  esac
}
if [[ $funcstack[1] == _${name} ]]; then
  _${name} "$@"
else
  compdef _${name} ${name}
fi
`;
}

function fish(name: string, commands: readonly Subcommand[]): string {
  const none = "__fish_use_subcommand";
  const lines = commands.flatMap(({ name: command, description, flags, words }) => {
    const here = `complete -c ${name} -n '__fish_seen_subcommand_from ${command}'`;
    const ofFlags = flags.map(({ names, description: text, values }) => {
      const spelled = names.map((flag) => (flag.startsWith("--") ? `-l ${flag.slice(2)}` : `-s ${flag.slice(1)}`));
      const value = values === undefined ? "" : ` -x${values.length > 0 ? ` -a '${values.join(" ")}'` : ""}`;
      return `${here} ${spelled.join(" ")}${value} -d '${quoted(text)}'`;
    });
    return [
      `complete -c ${name} -n ${none} -f -a ${command} -d '${quoted(description)}'`,
      ...ofFlags,
      ...(words ? [`${here} -f -a '${words.join(" ")}'`] : [`${here} -F`]),
    ];
  });
  return `# Completion of ${name} for fish. For one user: ${name} completion fish > ~/.config/fish/completions/${name}.fish
complete -c ${name} -n ${none} -f -l help -d 'print this'
complete -c ${name} -n ${none} -f -l version -d 'print the version'
${lines.join("\n")}
`;
}

const quoted = (text: string): string => text.replaceAll("\\", "\\\\").replaceAll("'", "\\'");
