import { existsSync } from "node:fs";
import { dirname, join } from "node:path";

/** The installation that the running Node belongs to, if it has its headers beside it. */
export function headersPrefix(): string | undefined {
  const prefix = dirname(dirname(process.execPath));
  return existsSync(join(prefix, "include/node/node_api.h")) ? prefix : undefined;
}
