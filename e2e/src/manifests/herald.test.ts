// The command as its users and their shells call it.
import { execFile } from "node:child_process";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { heraldCommand } from "@heraldlb/lab";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

const ROOT = join(import.meta.dirname, "../../..");
const HERALD = heraldCommand("herald");
const exec = promisify(execFile);

const herald = async (...args: readonly string[]) => {
  const options = { cwd: ROOT, env: { PATH: "/usr/bin:/bin" } };
  const { code = 0, stdout, stderr } = await exec(HERALD, args, options).catch((error) => error);
  return { exitCode: code, stdout, stderr };
};

const examples = (await readdir(join(ROOT, "examples"))).filter((name) => name !== "README.md").toSorted();

test.each(examples)("examples/%s is right by itself", async (name) => {
  expect(await herald("validate", `examples/${name}`)).toMatchObject({ exitCode: 0, stdout: "" });
});

test("all examples are right together, without a warning", async () => {
  expect(await herald("validate", "--strict", "examples")).toMatchObject({ exitCode: 0, stdout: "" });
});

test("the examples' page names each of them", async () => {
  const page = await readFile(join(ROOT, "examples/README.md"), "utf8");
  const linked = [...page.matchAll(/\]\(([^)]+)\)/g)].map(([, name]) => name);
  expect(linked.toSorted()).toEqual(examples);
});

describe("completion", () => {
  let folder = "";

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "herald-completion-"));
    for (const shell of ["bash", "zsh", "fish"]) {
      const { stdout } = await herald("completion", shell);
      await writeFile(join(folder, shell), stdout);
    }
  });

  afterAll(() => rm(folder, { recursive: true }));

  /** What each shell offers after some words. */
  const shells = {
    async bash(...words: readonly string[]): Promise<string[]> {
      const script = `source ${folder}/bash; COMP_WORDS=(herald "$@"); COMP_CWORD=$#; _herald; printf '%s\\n' "\${COMPREPLY[@]}"`;
      return wordsOf(await exec("bash", ["-c", script, "bash", ...words]));
    },
    async fish(...words: readonly string[]): Promise<string[]> {
      const script = `source ${folder}/fish; complete -C "herald ${words.join(" ")}"`;
      const env = { PATH: `${dirname(HERALD)}:/usr/bin:/bin`, HOME: folder };
      return wordsOf(await exec("fish", ["--no-config", "-c", script], { env }));
    },
    async zsh(...words: readonly string[]): Promise<string[]> {
      // zsh completes inside of a line editor only: one in a terminal of its own, which prints each match, and then ends.
      const setup = `
PS1=
PATH=${dirname(HERALD)}:/usr/bin:/bin
autoload -U compinit && compinit -u -d ${folder}/dump
source ${folder}/zsh
compadd() {
  local -a matches
  [[ " $* " == *" -"[OAD]" "* ]] || { builtin compadd -A matches "$@"; print -l "" "MATCH:"$^matches; }
  builtin compadd "$@"
}
comppostfuncs=(exit)
echo READY
`;
      await writeFile(join(folder, "setup"), setup);
      const script = `
zmodload zsh/zpty
zpty shell zsh -f -i
zpty -w shell "source ${folder}/setup"
zpty -r shell text '*READY*'
zpty -w -n shell "herald ${words.join(" ")}"$'\\t'
while zpty -r shell text; do print -r -- $text; done
`;
      const env = { PATH: "/usr/bin:/bin", TERM: "dumb" };
      const { stdout } = await exec("zsh", ["-f", "-c", script], { env });
      return [...stdout.matchAll(/MATCH:(\S+)/g)].map(([, match = ""]) => match);
    },
  };

  const cases = [
    { words: [""], offered: ["validate", "crds", "completion"] },
    { words: ["validate", "--"], offered: ["--output", "--namespace", "--strict", "--help"] },
    { words: ["validate", "-o", ""], offered: ["table", "json", "yaml"] },
    { words: ["crds", "BGP"], offered: ["BGPPeer", "BGPAdvertisement"] },
    { words: ["completion", ""], offered: ["bash", "zsh", "fish"] },
  ] as const;

  describe.each(["bash", "zsh", "fish"] as const)("of %s", (shell) => {
    test.each(cases)("offers $offered after $words", { timeout: 30_000 }, async ({ words, offered }) => {
      const found = await shells[shell](...words);
      expect(found).toEqual(expect.arrayContaining([...offered]));
    });
  });
});

function wordsOf({ stdout }: { readonly stdout: string }): string[] {
  return stdout.split(/\s+/).filter((word) => word !== "");
}
