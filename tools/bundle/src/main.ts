// `node ../../tools/bundle/src/main.ts [--outdir DIR] FILE…`, in an app's folder: makes of each source file one
// `dist/NAME.mjs` with all that it imports. That is what an app's command runs: it starts three times as fast as the compiled files and their
// dependencies do, in half the memory.
import { cp, readdir, readFile, writeFile } from "node:fs/promises";
import { builtinModules } from "node:module";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { build, type Metafile, type Plugin } from "esbuild";

/** Optional, and bound to one major version of Node: whoever wants it installs it. */
const EXTERNAL = ["pcap"];

/**
 * Files that dependencies load for what Herald never does: prom-client for processes that share a port, pushed metrics
 * and exemplars, undici for bodies that are forms.
 */
const UNUSED = /\/node_modules\/(@opentelemetry\/api|prom-client\/lib\/(cluster|pushgateway)\.js$|undici\/lib\/web\/)/;

/**
 * What is used of undici, instead of its index, which loads all that it has: `fetch`, caches, mocks. No other name can be
 * imported. client-node's requests are not Herald's, so nobody calls `fetch`.
 */
const UNDICI = `
import Dispatcher from "./lib/dispatcher/dispatcher.js";
import api from "./lib/api/index.js";
Object.assign(Dispatcher.prototype, api);
export { default as Agent } from "./lib/dispatcher/agent.js";
export { default as Client } from "./lib/dispatcher/client.js";
export { default as Pool } from "./lib/dispatcher/pool.js";
export { default as ProxyAgent } from "./lib/dispatcher/proxy-agent.js";
export { default as Socks5ProxyAgent } from "./lib/dispatcher/socks5-proxy-agent.js";
export { default as buildConnector } from "./lib/core/connect.js";
export const fetch = undefined;
`;

/** Dependencies that read .proto files, at `../../proto` as seen from their modules; up to the folder that has `proto`. */
const PROTO_READER = /^.*node_modules\/(@grpc\/reflection\/build|grpc-health-check)\//;

/** Files of a package that do nothing by being loaded. */
const PURE = /(^|\/node_modules\/)@kubernetes\/client-node(\/(?!node_modules)|$)/;

// CommonJS dependencies need a `require`, and some of them a folder of their own.
const BANNER = [
  'import { createRequire as heraldRequire } from "node:module";',
  "const require = heraldRequire(import.meta.url);",
  'const heraldFolder = import.meta.dirname + "/any/where";',
].join(" ");

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
 * Takes of this package only what is used: it does not say of itself that loading its files does nothing else, and has
 * a class for each type of Kubernetes.
 */
const shakeDependencies: Plugin = {
  name: "shake-dependencies",
  setup({ onResolve, resolve }) {
    onResolve({ filter: /./ }, async ({ path, pluginData, kind, importer, resolveDir, namespace }) => {
      const isConcerned = PURE.test(path) || PURE.test(importer);
      if (!isConcerned || pluginData === PURE) return undefined;
      const found = await resolve(path, { kind, importer, resolveDir, namespace, pluginData: PURE });
      return PURE.test(found.path) ? { ...found, sideEffects: false } : found;
    });
  },
};

/**
 * Leaves out what is unused, and the maps of the rest: they would take more memory than all the code, and a position in
 * a dependency can be looked up in the bundle.
 */
const slimDependencies: Plugin = {
  name: "slim-dependencies",
  setup({ onLoad }) {
    onLoad({ filter: /\/node_modules\/undici\/index\.js$/ }, () => ({ contents: UNDICI }));
    onLoad({ filter: /\/node_modules\/.*\.[cm]?js$/ }, async ({ path }) => {
      const contents = UNUSED.test(path) ? "" : (await readFile(path, "utf8")) + NO_MAP;
      return { contents: PROTO_READER.test(path) ? contents.replaceAll("__dirname", "heraldFolder") : contents };
    });
  },
};

/** The licences of all packages in a bundle, which want to go with every copy. */
async function licences(files: readonly string[]): Promise<string> {
  const folders = files.flatMap((file) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/.exec(file)?.[0] ?? []);
  const texts = [...new Set(folders)].sort().map(async (folder) => {
    const { name, version, license } = JSON.parse(await readFile(join(folder, "package.json"), "utf8"));
    const file = (await readdir(folder)).find((entry) => /^licen[cs]e/i.test(entry));
    const text = file ? await readFile(join(folder, file), "utf8") : "";
    return `${name} ${version}: ${license}\n\n${text}`;
  });
  return (await Promise.all(texts)).join(`\n${"-".repeat(80)}\n`);
}

/** Puts the .proto files that dependencies among these read where they look for them. */
async function copyProtos(files: readonly string[], outdir: string): Promise<void> {
  const filter = (path: string) => !path.endsWith("/sample");
  for (const folder of new Set(files.flatMap((file) => PROTO_READER.exec(file)?.[0] ?? []))) {
    await cp(join(folder, "proto"), join(outdir, "proto"), { recursive: true, filter });
  }
}

/** V8 keeps a text with a single letter beyond Latin-1 in twice the memory, and esbuild escapes none in an expression. */
async function refuseWideLetters(files: readonly string[]): Promise<void> {
  for (const file of files) {
    const [letters] = /.{0,40}[^\0-\xff].{0,40}/.exec(await readFile(file, "utf8")) ?? [];
    if (letters !== undefined) throw new Error(`${file}: a letter beyond Latin-1 doubles its memory: ${letters}`);
  }
}

/** The files of which something is in a bundle. */
function contentsOf({ outputs }: Metafile): string[] {
  const parts = Object.values(outputs).flatMap(({ inputs }) => Object.entries(inputs));
  return parts.filter(([, { bytesInOutput }]) => bytesInOutput > 0).map(([file]) => file);
}

const {
  positionals: entryPoints,
  values: { outdir },
} = parseArgs({ allowPositionals: true, options: { outdir: { type: "string", default: "dist" } } });

const { metafile } = await build({
  entryPoints,
  outdir,
  entryNames: "[name]",
  outExtension: { ".js": ".mjs" },
  bundle: true,
  platform: "node",
  format: "esm",
  target: "node22",
  conditions: ["@heraldlb/source"],
  external: EXTERNAL,
  // What undici calls a build for Node itself is one without a second parser of HTTP, which nobody asks for.
  define: { esbuildDetection: "true" },
  plugins: [requireBuiltins, shakeDependencies, slimDependencies],
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
await refuseWideLetters(Object.keys(metafile.outputs).filter((file) => file.endsWith(".mjs")));
const contents = contentsOf(metafile);
await writeFile(join(outdir, "LICENCES.txt"), await licences(contents));
await copyProtos(contents, outdir);
