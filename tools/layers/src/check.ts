// Fails when a package depends on a layer it must not know, or names an outside package that is another's. Run by `npm run lint`.
import { glob, readFile } from "node:fs/promises";

/** What each layer may depend on. Only the foundation's packages may depend on one another. */
export const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  foundation: ["foundation"],
  protocol: ["foundation"],
  domain: ["foundation"],
  api: ["foundation"],
  adapter: ["foundation"],
  app: ["foundation", "protocol", "domain", "api", "adapter"],
  tool: ["foundation", "protocol", "domain", "api", "adapter", "app", "tool"],
  e2e: ["foundation", "protocol", "domain", "api", "adapter", "app", "tool"],
};

/** Outside packages that only some workspaces may name, so that replacing one touches one place. */
export const OWNERS: Readonly<Record<string, readonly string[]>> = {
  "@kubernetes/client-node": ["@heraldlb/kube"],
  pcap: ["@heraldlb/link", "@heraldlb/native"],
  pino: ["@heraldlb/daemon", "@heraldlb/controller", "@heraldlb/speaker"],
  "prom-client": ["@heraldlb/daemon", "@heraldlb/controller", "@heraldlb/speaker"],
  yaml: ["@heraldlb/files"],
  chokidar: ["@heraldlb/files"],
  zod: ["@heraldlb/config"],
  commander: ["@heraldlb/daemon", "@heraldlb/cli"],
};

/** A workspace as its package.json describes it. */
export interface Package {
  readonly name: string;
  readonly layer?: string | undefined;
  readonly dependencies: readonly string[];
}

/** One line per broken rule. Tools and e2e may name any outside package. */
export function violations(packages: readonly Package[]): string[] {
  const layers = new Map(packages.map((p) => [p.name, p.layer ?? ""]));
  return packages.flatMap(({ name, layer = "", dependencies }) => {
    const allowed = ALLOWED[layer];
    if (!allowed) return [`${name}: no such layer: "${layer}"`];
    const upward = dependencies
      .filter((dependency) => layers.has(dependency) && !allowed.includes(layers.get(dependency) ?? ""))
      .map((dependency) => `${name} (${layer}) must not depend on ${dependency} (${layers.get(dependency)})`);
    const foreign = dependencies
      .filter((dependency) => OWNERS[dependency] && !OWNERS[dependency].includes(name) && !isTool(layer))
      .map((dependency) => `${name} must not name ${dependency}: only ${OWNERS[dependency]?.join(", ")} may`);
    return [...upward, ...foreign];
  });
}

const isTool = (layer: string): boolean => layer === "tool" || layer === "e2e";

async function readPackage(path: string): Promise<Package> {
  const { name, dependencies, devDependencies, peerDependencies, optionalDependencies, nx } = JSON.parse(
    await readFile(path, "utf8"),
  );
  const tag = nx?.tags?.find((tag: string) => tag.startsWith("layer:"));
  return {
    name,
    layer: tag?.slice("layer:".length),
    dependencies: Object.keys({ ...dependencies, ...devDependencies, ...peerDependencies, ...optionalDependencies }),
  };
}

if (import.meta.main) {
  const paths = await Array.fromAsync(glob(["{packages,tools}/*/package.json", "e2e/package.json"]));
  const found = violations(await Promise.all(paths.map(readPackage)));
  for (const line of found) console.error(line);
  process.exitCode = found.length > 0 ? 1 : 0;
}
