// Fails unless every published package carries the root's LICENSE, word for word.
import { glob, readFile } from "node:fs/promises";
import { join } from "node:path";

const root = await readFile("LICENSE", "utf8");
for await (const folder of glob("packages/*")) {
  const own = await readFile(join(folder, "LICENSE"), "utf8").catch(() => "");
  if (own !== root) {
    console.error(`${folder}/LICENSE is missing or differs from the root's: cp LICENSE ${folder}/`);
    process.exitCode = 1;
  }
}
