import { execFileSync, spawn } from "node:child_process";
import { getPriority } from "node:os";
import { text } from "node:stream/consumers";
import { expect, test } from "vitest";

// Nice is the 19th field of a thread's stat file; the second is a name in brackets.
const SCRIPT = `
const { Worker, isMainThread, parentPort } = require("node:worker_threads");
const nice = () => Number(require("node:fs").readFileSync("/proc/thread-self/stat", "utf8").split(") ")[1].split(" ")[16]);
if (isMainThread) {
  const worker = new Worker(process.env.SCRIPT, { eval: true });
  worker.on("message", (said) => console.log(JSON.stringify({ ...said, main: nice() })));
} else {
  import(process.env.MODULE).then(({ preferThisThread }) => {
    const isGranted = preferThisThread({ debug() {} });
    parentPort.postMessage({ isGranted, thread: nice() });
  });
}
`;

/** Who runs the tests may have been made nice. */
const OWN = getPriority();

/** Runs it in a session of its own, since it changes what that session gets. */
async function outcome(...wrapper: readonly string[]): Promise<object> {
  const [command = process.execPath, ...args] = [...wrapper, process.execPath, "-e", SCRIPT];
  const env = { ...process.env, MODULE: new URL("./thread-priority.ts", import.meta.url).href, SCRIPT };
  const child = spawn(command, args, { detached: true, env, stdio: ["ignore", "pipe", "inherit"] });
  return JSON.parse(await text(child.stdout)) as object;
}

const mayPrefer = (): boolean => {
  try {
    execFileSync("nice", ["-n", "-1", "true"], { stdio: "ignore" });
    return process.getuid?.() === 0;
  } catch {
    return false;
  }
};

test.runIf(mayPrefer())("the thread that asks is preferred, and no other", async () => {
  expect(await outcome()).toEqual({ isGranted: true, thread: -20, main: OWN });
});

test.runIf(mayPrefer())("without the capability all goes on as before", async () => {
  const unprivileged = ["setpriv", "--bounding-set=-all", "--inh-caps=-all", "--reuid=65534", "--clear-groups"];
  expect(await outcome(...unprivileged)).toEqual({ isGranted: false, thread: OWN, main: OWN });
});
