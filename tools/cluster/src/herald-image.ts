import { execFileSync } from "node:child_process";
import { chmodSync, copyFileSync, existsSync, realpathSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { heraldCommand, type Lab } from "@heraldlb/lab";
import type { Image, PodRunnerOptions } from "./pod-runner.ts";

const REPOSITORY = fileURLToPath(new URL("../../..", import.meta.url));
const NAME = /\/herald-(controller|speaker):/;
const NODE = "/node";

/** Herald's images for pods in a lab: what this repository has built, on a Node with the file capabilities of the image. */
export function heraldImages(lab: Lab): PodRunnerOptions["image"] {
  return ({ image, capabilities }): Image => {
    const [, name] = NAME.exec(image) ?? [];
    if (name !== "controller" && name !== "speaker") throw new RangeError(`there is no image ${image}`);
    const main = join(dirname(realpathSync(heraldCommand(`herald-${name}`))), "../dist/main.mjs");
    return {
      entrypoint: [NODE, main],
      binds: { [REPOSITORY]: REPOSITORY, [NODE]: nodeProgram(lab.folder, capabilities) },
      env: { NODE_ENV: "production" },
    };
  };
}

/** The Node that runs this; a copy of it with these file capabilities, if there are any. */
function nodeProgram(folder: string, capabilities: readonly string[]): string {
  const own = realpathSync(process.execPath);
  if (capabilities.length === 0) return own;
  const names = capabilities.map((name) => `cap_${name.toLowerCase()}`);
  const program = join(folder, `node-${names.join("-")}`);
  if (existsSync(program)) return program;
  copyFileSync(own, program);
  chmodSync(program, 0o755);
  execFileSync("setcap", [`${names.join(",")}=ep`, program]);
  return program;
}
