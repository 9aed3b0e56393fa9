/** One instruction of a Dockerfile. */
export interface Instruction {
  /** In capitals. */
  readonly keyword: string;
  /** Without the dashes: `--from=build` is `from: "build"`. */
  readonly flags: Readonly<Record<string, string>>;
  /** What follows the flags, in one line. */
  readonly rest: string;
}

/** What begins with FROM and ends before the next one. */
export interface Stage {
  readonly name: string;
  /** An image, or the name of an earlier stage. */
  readonly base: string;
  readonly instructions: readonly Instruction[];
}

/**
 * Reads a Dockerfile of stages with names: comments, continued lines, flags. No heredocs, no ARG before the first FROM.
 *
 * @throws SyntaxError that quotes the line
 */
export function parseDockerfile(text: string): readonly Stage[] {
  const stages: (Stage & { readonly instructions: Instruction[] })[] = [];
  for (const line of linesOf(text)) {
    const instruction = parseInstruction(line);
    if (instruction.keyword === "FROM") {
      const [, base, name] = /^(\S+) AS (\S+)$/i.exec(instruction.rest) ?? [];
      if (base === undefined || name === undefined) throw new SyntaxError(`a stage without a name: ${line}`);
      stages.push({ base, name, instructions: [] });
    } else {
      const stage = stages.at(-1);
      if (!stage) throw new SyntaxError(`an instruction before the first FROM: ${line}`);
      stage.instructions.push(instruction);
    }
  }
  return stages;
}

/** A stage's instructions after those of the stages that it builds on, and the image that all of them build on. */
export function resolveStage(stages: readonly Stage[], name: string): Omit<Stage, "name"> {
  const stage = stages.find((each) => each.name === name);
  if (!stage) throw new RangeError(`no stage ${name}`);
  if (!stages.some((each) => each.name === stage.base)) return stage;
  const { base, instructions } = resolveStage(stages, stage.base);
  return { base, instructions: [...instructions, ...stage.instructions] };
}

/** Lines with what continues them, without comments. */
function linesOf(text: string): string[] {
  return text
    .replaceAll(/^[ \t]*#.*\n/gm, "")
    .replaceAll(/[ \t]*\\\n[ \t]*/g, " ")
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "");
}

function parseInstruction(line: string): Instruction {
  const [, keyword, options = "", rest] = /^([A-Za-z]+)((?:\s+--\S+)*)\s+(.+)$/.exec(line) ?? [];
  if (keyword === undefined || rest === undefined) throw new SyntaxError(`not an instruction: ${line}`);
  const flags = options.matchAll(/--([^\s=]+)=?(\S*)/g);
  return {
    keyword: keyword.toUpperCase(),
    flags: Object.fromEntries(Array.from(flags, ([, name, value]) => [name, value])),
    rest,
  };
}
