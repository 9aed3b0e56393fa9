import type { RenderedProcess } from "./process.ts";

/** What a rendered process is started with beside what its manifest says. */
export interface LaunchOptions {
  /** The image's entry point; the program is an absolute path that {@link LaunchOptions.binds} or the system has. */
  readonly entrypoint: readonly [string, ...string[]];
  /**
   * Folders and files of this machine, by the path at which the process finds them: those of its mounts, and others, which
   * are read-only as the rest of its root is.
   */
  readonly binds: Readonly<Record<string, string>>;
  /** Variables beside its own: those that a kubelet sets. */
  readonly env?: Readonly<Record<string, string>>;
  /** An empty folder that becomes its root. Nothing is left in it. */
  readonly root: string;
}

/**
 * The command, for root, that turns into a rendered process as a container runtime starts it: a root of its own, read-only,
 * the user and group, the capabilities granted but not ambient, `no_new_privs`. The system's programs and libraries are
 * this machine's, as is its network.
 *
 * @throws RangeError if a mount has nothing to bind, or a capability is not known
 */
export function launchCommand(process: RenderedProcess, options: LaunchOptions): [string, ...string[]] {
  const { entrypoint, binds, env = {}, root } = options;
  const writable = process.mounts.filter(({ isReadOnly }) => !isReadOnly).map(({ path }) => path);
  const unbound = process.mounts.find(({ path }) => binds[path] === undefined);
  if (unbound) throw new RangeError(`nothing to bind at ${unbound.path}`);
  const [program, ...first] = process.command.length > 0 ? process.command : entrypoint;
  const variables = Object.entries({ ...env, ...process.env }).map(([name, value]) => `${name}=${value}`);
  return [
    ...(["unshare", "--mount", "sh", "-euc", ROOT_SCRIPT, root] as const),
    ...Object.entries(binds).flatMap(([path, source]) => [source, path, writable.includes(path) ? "rw" : "ro"]),
    ...["--", "env", "-i", ...variables, "/usr/sbin/capsh", ...credentials(process), `--chroot=${root}`],
    // Only after what takes root.
    ...identity(process),
    ...[`--shell=${program}`, "--", ...first, ...process.args],
  ];
}

/** `$0` is the root; then come triples of what to bind, where, and `ro` or `rw`, up to `--`; then the command. */
const ROOT_SCRIPT = `
mount -t tmpfs -o mode=755 tmpfs "$0"
for folder in usr bin lib lib64 etc proc sys dev; do
  [ -e "/$folder" ] || continue
  mkdir "$0/$folder"
  mount --rbind "/$folder" "$0/$folder"
done
while [ "$1" != -- ]; do
  if [ -d "$1" ]; then mkdir -p "$0$2"; else mkdir -p "$(dirname "$0$2")"; [ -e "$0$2" ] || touch "$0$2"; fi
  mount --bind "$1" "$0$2"
  # File capabilities count for nothing on a mount without suid, as folders for temporary files often are.
  mount -o "remount,bind,suid,exec,$3" "$0$2"
  shift 3
done
shift
mount -o remount,ro "$0"
exec "$@"`;

// capabilities(7)
const NUMBERS: Readonly<Record<string, number>> = { NET_BIND_SERVICE: 10, NET_ADMIN: 12, NET_RAW: 13, SYS_NICE: 23 };
const LAST_CAPABILITY = 40;

function granted({ capabilities }: RenderedProcess): readonly number[] {
  return capabilities.map((name) => {
    const number = NUMBERS[name];
    if (number === undefined) throw new RangeError(`the capability ${name} is not known`);
    return number;
  });
}

function credentials(process: RenderedProcess): readonly string[] {
  const kept = granted(process);
  const dropped = Array.from({ length: LAST_CAPABILITY + 1 }, (_, number) => number).filter(
    (each) => !kept.includes(each),
  );
  return [`--drop=${dropped.join(",")}`, "--keep=1"];
}

function identity(process: RenderedProcess): readonly string[] {
  const { user, group, hasNoNewPrivileges } = process;
  if (user === undefined || group === undefined) throw new RangeError(`${process.container} has no user and group`);
  const kept = granted(process);
  return [
    ...[
      `--gid=${group}`,
      `--groups=${group}`,
      `--uid=${user}`,
      `--caps=${kept.length > 0 ? `${kept.join(",")}=ep` : "="}`,
    ],
    ...(hasNoNewPrivileges ? ["--no-new-privs"] : []),
  ];
}
