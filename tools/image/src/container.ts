import { readFileSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { ImageConfig } from "./rootfs.ts";

/** How to run an image's process. */
export interface ContainerOptions {
  /** Numbers of the capabilities that are granted: what `drop: [ALL]` and `add` leave. Default: none. */
  readonly capabilities?: readonly number[];
  /**
   * Whether the process has them before it runs the image's program, as under containerd and CRI-O. Otherwise it may only
   * get them. Default: it has.
   */
  readonly permitted?: boolean;
  /** `allowPrivilegeEscalation: false`. */
  readonly noNewPrivileges?: boolean;
  /** Folders that may be written to, by the path at which the process sees them. */
  readonly folders?: Readonly<Record<string, string>>;
  readonly args?: readonly string[];
}

/** Numbers of capabilities (capabilities(7)). */
export const CAPABILITY = { netBindService: 10, netRaw: 13, sysNice: 23 } as const;

/**
 * The command, for root, that turns into an image's process as a container runtime starts it: the root file system
 * read-only, the image's user, no capabilities but those granted and none of them ambient, `/proc`, `/sys`, a small `/dev`. There is no
 * seccomp filter and no namespace but of mounts; the network's is whoever's it is run in.
 */
export async function containerCommand(
  root: string,
  { entrypoint: [program, ...first], env, uid, gid }: ImageConfig,
  { capabilities = [], permitted = true, noNewPrivileges = false, folders = {}, args = [] }: ContainerOptions,
): Promise<[string, ...string[]]> {
  for (const path of Object.keys(folders)) await mkdir(join(root, path), { recursive: true });
  const last = Number(readFileSync("/proc/sys/kernel/cap_last_cap", "utf8"));
  const dropped = Array.from({ length: last + 1 }, (_, number) => number).filter(
    (each) => !capabilities.includes(each),
  );
  const mounts = [
    `mount --bind ${quote(root)} ${quote(root)}`,
    `mount -t proc proc ${quote(join(root, "proc"))}`,
    `mount -t sysfs -o ro sysfs ${quote(join(root, "sys"))}`,
    `mount -t tmpfs -o mode=755 tmpfs ${quote(join(root, "dev"))}`,
    ...["null", "zero", "random", "urandom"].map(
      (device) =>
        `touch ${quote(join(root, "dev", device))}; mount --bind /dev/${device} ${quote(join(root, "dev", device))}`,
    ),
    ...Object.entries(folders).map(([path, folder]) => `mount --bind ${quote(folder)} ${quote(join(root, path))}`),
    // File capabilities count for nothing on a mount without suid, as temporary folders often are.
    `mount -o remount,bind,ro,suid,exec ${quote(root)}`,
  ];
  const credentials = [
    ...[`--chroot=${root}`, `--drop=${dropped.join(",")}`, "--keep=1"],
    ...[`--gid=${gid}`, `--groups=${gid}`, `--uid=${uid}`],
    `--caps=${permitted && capabilities.length > 0 ? `${capabilities.join(",")}=ep` : "="}`,
    ...(noNewPrivileges ? ["--no-new-privs"] : []),
    ...[`--shell=${program}`, "--", ...first, ...args],
  ];
  const variables = Object.entries(env).map(([name, value]) => `${name}=${value}`);
  const script = [...mounts, 'exec env -i "$@"'].join("\n");
  return ["unshare", "--mount", "sh", "-euc", script, "sh", ...variables, "/usr/sbin/capsh", ...credentials];
}

const quote = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;
