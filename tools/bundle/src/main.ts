// `node ../../tools/bundle/src/main.ts FILE…`, in an app's folder: makes of each source file one `dist/NAME.mjs` with all
// that it imports. That is what an app's command runs: it starts three times as fast as the compiled files and their
// dependencies do, in half the memory.
import { readdir, readFile, writeFile } from "node:fs/promises";
import { builtinModules } from "node:module";
import { join } from "node:path";
import { build, type Metafile, type Plugin } from "esbuild";

/** Optional, and bound to one major version of Node: whoever wants it installs it. */
const EXTERNAL = ["pcap"];

/** Files that prom-client loads for what Herald never does: processes that share a port, pushed metrics, exemplars. */
const UNUSED = /\/node_modules\/(@opentelemetry\/api|prom-client\/lib\/(cluster|pushgateway)\.js$)/;

// CommonJS dependencies need a `require`.
const BANNER =
  'import { createRequire as heraldRequire } from "node:module"; const require = heraldRequire(import.meta.url);';

// A map of nothing, which esbuild takes for the file's own.
const NO_MAP =
  "\n//# sourceMappingURL=data:application/json;base64,eyJ2ZXJzaW9uIjozLCJzb3VyY2VzIjpbIiJdLCJtYXBwaW5ncyI6IkEifQ==";

/**
 * Has Node's own modules required instead of imported. To import `node:http` evaluates all that it exports, and with that
 * loads the whole of `fetch`: 9 MB.
 */
const requireBuiltins: Plugin = {
  name: "require-builtins",
  setup({ onResolve, onLoad }) {
    const names = new Set(builtinModules.flatMap((name) => [name, `node:${name}`]));
    onResolve({ filter: /^[a-z:/_0-9]+$/ }, ({ path, kind }) =>
      kind === "import-statement" && names.has(path) ? { path, namespace: "builtin" } : undefined,
    );
    onLoad({ filter: /.*/, namespace: "builtin" }, ({ path }) => ({
      contents: `module.exports = require(${JSON.stringify(path)});`,
    }));
  },
};

/**
 * Leaves out what is unused, and the maps of the rest: they would take more memory than all the code, and a position in
 * a dependency can be looked up in the bundle.
 */
const slimDependencies: Plugin = {
  name: "slim-dependencies",
  setup({ onLoad }) {
    onLoad({ filter: /\/node_modules\/.*\.[cm]?js$/ }, async ({ path }) => ({
      contents: UNUSED.test(path) ? "" : (await readFile(path, "utf8")) + NO_MAP,
      loader: "js",
    }));
  },
};

/** The licences of all packages in a bundle, which want to go with every copy. */
async function licences({ outputs }: Metafile): Promise<string> {
  const parts = Object.values(outputs).flatMap(({ inputs }) => Object.entries(inputs));
  const files = parts.filter(([, { bytesInOutput }]) => bytesInOutput > 0).map(([file]) => file);
  const folders = files.flatMap((file) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/.exec(file)?.[0] ?? []);
  const texts = [...new Set(folders)].sort().map(async (folder) => {
    const { name, version, license } = JSON.parse(await readFile(join(folder, "package.json"), "utf8"));
    const file = (await readdir(folder)).find((entry) => /^licen[cs]e/i.test(entry));
    const text = file ? await readFile(join(folder, file), "utf8") : "";
    return `${name} ${version}: ${license}\n\n${text}`;
  });
  return (await Promise.all(texts)).join(`\n${"-".repeat(80)}\n`);
}

const { metafile } = await build({
  entryPoints: process.argv.slice(2),
  outdir: "dist",
  entryNames: "[name]",
  outExtension: { ".js": ".mjs" },
  bundle: true,
  platform: "node",
  format: "esm",
  target: "node22",
  conditions: ["@heraldlb/source"],
  external: EXTERNAL,
  plugins: [requireBuiltins, slimDependencies],
  // Names stay: without them a stack trace says nothing.
  minifyWhitespace: true,
  minifySyntax: true,
  sourcemap: true,
  sourcesContent: false,
  legalComments: "none",
  banner: { js: BANNER },
  metafile: true,
  logLevel: "warning",
});
await writeFile("dist/LICENCES.txt", await licences(metafile));
