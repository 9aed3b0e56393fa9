import { hostname } from "node:os";
import {
  addressPort,
  defaulted,
  type Endpoint,
  hostPort,
  type Option,
  oneOf,
  optional,
  regex,
  required,
  requiredList,
  text,
} from "@heraldlb/daemon";
import type { FrameBackend } from "@heraldlb/link";
import { DEFAULT_EXCLUDED_INTERFACES } from "./interface-selection.ts";

/** The options of `herald-speaker` beside those that every Herald process has. */
export const speakerOptions: {
  readonly node: Option<string>;
  readonly controller: Option<readonly Endpoint[]>;
  readonly stateDir: Option<string>;
  readonly interfaces: Option<RegExp>;
  readonly excludeInterfaces: Option<RegExp>;
  readonly frames: Option<FrameBackend>;
  readonly bgpListen: Option<Endpoint | undefined>;
} = {
  node: defaulted("NAME", text, hostname(), "name of this node in the cluster"),
  controller: requiredList("HOST:PORT", hostPort, "a controller; a name stands for all its addresses"),
  stateDir: required("DIR", text, "folder from which a restart without a controller goes on"),
  interfaces: defaulted("REGEX", regex, ".*", "interfaces to announce on; matched anywhere in the name"),
  excludeInterfaces: defaulted(
    "REGEX",
    regex,
    DEFAULT_EXCLUDED_INTERFACES,
    "interfaces to leave out of those; replaces the default",
  ),
  frames: defaulted("BACKEND", oneOf("packet", "pcap"), "packet", "how frames are read and written"),
  bgpListen: optional(
    "ADDR:PORT",
    addressPort,
    "where to accept connections of BGP peers; without it Herald only dials",
  ),
};
