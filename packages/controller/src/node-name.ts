import { StreamError } from "@heraldlb/api";

const RULE = "lower-case letters, digits, '-' and '.', a letter or digit at both ends";
const NODE_NAME = /^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/;

/** @throws StreamError `invalidArgument` for what cannot be the name of a Node */
export function assertNodeName(name: string): void {
  if (!NODE_NAME.test(name)) throw new StreamError("invalidArgument", `no node's name: ${RULE}`);
}
