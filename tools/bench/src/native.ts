import { execFileSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";

/** The C programs that the figures are compared with or measured by. */
export type NativeTool = "arp-requester" | "arp-responder";

const SOURCES = join(import.meta.dirname, "../native");

/** Compiles a C program into a folder, and returns the program's path. Throws with the compiler's words if it can't. */
export function compile(tool: NativeTool, folder: string): string {
  mkdirSync(folder, { recursive: true });
  const program = join(folder, tool);
  execFileSync("cc", ["-O2", "-Wall", "-Wextra", "-Werror", "-o", program, join(SOURCES, `${tool}.c`)]);
  return program;
}
