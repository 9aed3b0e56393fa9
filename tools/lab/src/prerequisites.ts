import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";

/** The commands that a lab calls, and the Debian packages that they come in. */
const COMMANDS = {
  ip: "iproute2",
  sysctl: "procps",
  setpriv: "util-linux",
  nft: "nftables",
  arping: "arping",
  ndisc6: "ndisc6",
  tcpdump: "tcpdump",
  curl: "curl",
} as const;

/** One sentence for each thing that a lab needs and this machine (or this user) lacks. */
export function missingPrerequisites(): string[] {
  const root = process.getuid?.() === 0 ? [] : ["Network namespaces need root: run this again with sudo, or as root."];
  const packages = Object.entries(COMMANDS).flatMap(([command, name]) => (isInPath(command) ? [] : [name]));
  const lacking =
    packages.length === 0
      ? []
      : [`These Debian packages are missing: ${packages.join(" ")}. \`npm run setup\` installs them.`];
  return [...root, ...lacking];
}

function isInPath(command: string): boolean {
  const { PATH = "" } = process.env;
  return PATH.split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, command), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
