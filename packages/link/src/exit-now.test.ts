import { spawnSync } from "node:child_process";
import { expect, test } from "vitest";

test("a process ends at once with its code, after it was told so", () => {
  const module = JSON.stringify(new URL("./exit-now.ts", import.meta.url).href);
  const script = `
    import { exitNow } from ${module};
    process.on("exit", (code) => process.stdout.write("ending " + code));
    setInterval(() => {}, 1000);
    exitNow(3);
    process.stdout.write("never");
  `;
  const args = ["--conditions=@heraldlb/source", "--input-type=module", "--eval", script];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: "utf8", timeout: 30_000 });
  expect({ status, stdout, stderr }).toEqual({ status: 3, stdout: "ending 3", stderr: "" });
});
