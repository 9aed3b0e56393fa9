// Compiles the npm package pcap for the running Node, unless it loads already. Part of `npm run setup`.
import { spawnSync } from "node:child_process";
import { createRequire } from "node:module";
import { dirname } from "node:path";
import { headersPrefix } from "./headers.ts";

const require = createRequire(import.meta.url);

function loads(): boolean {
  try {
    require("pcap");
    return true;
  } catch {
    return false;
  }
}

if (!loads()) {
  const prefix = headersPrefix();
  const headers = prefix ? { npm_config_nodedir: prefix } : {};
  const { status, stdout, stderr } = spawnSync("node-gyp", ["rebuild"], {
    cwd: dirname(require.resolve("pcap/package.json")),
    env: { ...process.env, ...headers },
    encoding: "utf8",
  });
  if (status !== 0 || !loads()) {
    console.error(`${stdout}${stderr}\nCould not compile pcap. It needs libpcap-dev, a C++ compiler, make and Python.`);
    process.exitCode = 1;
  }
}
