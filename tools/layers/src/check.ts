// Fails when a package depends on a layer it must not know. Run by `npm run lint`.
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

export interface Package {
  readonly name: string;
  readonly layer?: string | undefined;
  readonly dependencies: readonly string[];
}

/** One line per broken rule. */
export function violations(packages: readonly Package[]): string[] {
  const layers = new Map(packages.map((p) => [p.name, p.layer ?? ""]));
  return packages.flatMap(({ name, layer = "", dependencies }) => {
    const allowed = ALLOWED[layer];
    if (!allowed) return [`${name}: no such layer: "${layer}"`];
    return dependencies
      .filter((dependency) => layers.has(dependency) && !allowed.includes(layers.get(dependency) ?? ""))
      .map((dependency) => `${name} (${layer}) must not depend on ${dependency} (${layers.get(dependency)})`);
  });
}

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
