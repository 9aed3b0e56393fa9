import { spawn } from "node:child_process";
import { systemClock } from "@heraldlb/runtime";

/** What a command that ended left behind. */
export interface CommandResult {
  /** 128 and the signal's number, if a signal ended it, as in a shell. */
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** How to run a command. */
export interface CommandOptions {
  /** Written to its standard input. */
  readonly input?: string | undefined;
  /** It is killed after this long. Default 20 s. */
  readonly timeoutMs?: number | undefined;
}

/** A command that had to work and did not. The message has what it said. */
export class CommandError extends Error {
  override readonly name = "CommandError";
  readonly result: CommandResult;

  constructor(line: string, result: CommandResult) {
    const said = (result.stderr.trim() || result.stdout.trim()).slice(-2000);
    super(`\`${line}\` ended with ${result.exitCode}${said ? `: ${said}` : ""}`);
    this.result = result;
  }
}

const KILLED = 128 + 9;
const NOT_FOUND = 127;

/** Runs a command to its end. Its failure is a result, not an error. */
export function attempt(
  command: string,
  args: readonly string[],
  { input = "", timeoutMs = 20_000 }: CommandOptions = {},
): Promise<CommandResult> {
  const child = spawn(command, args, { stdio: "pipe" });
  const { promise, resolve } = Promise.withResolvers<CommandResult>();
  let [stdout, stderr] = ["", ""];
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  // A command that ends without reading its input is no error of ours.
  child.stdin.on("error", () => {}).end(input);
  const limit = systemClock.timer(timeoutMs, () => child.kill("SIGKILL"));
  child.on("error", (error) => {
    limit[Symbol.dispose]();
    resolve({ exitCode: NOT_FOUND, stdout, stderr: error.message });
  });
  child.on("close", (code) => {
    limit[Symbol.dispose]();
    resolve({ exitCode: code ?? KILLED, stdout, stderr });
  });
  return promise;
}

/** Runs a command to its end and returns what it printed. Throws a {@link CommandError} if it fails. */
export async function run(command: string, args: readonly string[], options?: CommandOptions): Promise<string> {
  const result = await attempt(command, args, options);
  if (result.exitCode !== 0) throw new CommandError([command, ...args].join(" "), result);
  return result.stdout;
}
