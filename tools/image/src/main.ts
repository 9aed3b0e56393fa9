// What the images are made of, without a container engine:
//   main.ts stage DIR --capabilities LIST   what the Dockerfile's first stage leaves for the others
//   main.ts rootfs DIR                      the images' root file systems, and their sizes (as root)
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { buildRootfs } from "./rootfs.ts";
import { SPEAKER_CAPABILITIES, stage, TARGETS } from "./stage.ts";

const {
  positionals: [command, folder],
  values: { capabilities },
} = parseArgs({
  allowPositionals: true,
  options: { capabilities: { type: "string", default: SPEAKER_CAPABILITIES } },
});

if (command === "stage" && folder) {
  await stage(folder, capabilities);
} else if (command === "rootfs" && folder) {
  await stage(join(folder, "out"), capabilities);
  for (const target of TARGETS) {
    await buildRootfs(target, join(folder, "out"), join(folder, target));
    for (const part of ["", "app", "usr/local/bin"]) {
      process.stdout.write(
        execFileSync("du", ["-s", "--bytes", join(target, part)], { cwd: folder, encoding: "utf8" }),
      );
    }
  }
} else {
  console.error("usage: main.ts stage DIR [--capabilities LIST] | main.ts rootfs DIR");
  process.exitCode = 2;
}
