import { Command, InvalidArgumentError } from "commander";
import { runInside } from "./inside.ts";
import { LabError } from "./lab.ts";

/** Reads an option that counts hosts. */
export const hostCount = (text: string): number => {
  if (!/^\d{1,2}$/.test(text)) throw new InvalidArgumentError("It is a number from 0 to 99.");
  return Number(text);
};

/**
 * The beginning of a command that sets something up in a lab: it is named after the thing, which has that name too unless
 * told otherwise. `exec` is there already.
 */
export function labProgram(thing: string, description: string): Command {
  const program = new Command(thing).description(description).enablePositionalOptions().showHelpAfterError();
  program
    .command("exec")
    .description("run a command in a host (node1 …, client1 …, controller1 …) or a switch (lan, mgmt)")
    .option("--name <name>", `the ${thing}'s name`, thing)
    .argument("<host>")
    .argument("<command...>")
    .passThroughOptions()
    .action((host: string, command: string[], { name }) => {
      process.exitCode = runInside(name, host, command);
    });
  return program;
}

/** Runs the command as this process was told to; what is wrong with that is a sentence and an exit code of 1. */
export async function runLabProgram(program: Command): Promise<void> {
  try {
    await program.parseAsync();
  } catch (error) {
    if (!(error instanceof LabError || error instanceof RangeError)) throw error;
    console.error(error.message);
    process.exitCode = 1;
  }
}
