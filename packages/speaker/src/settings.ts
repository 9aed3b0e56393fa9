import { hostname } from "node:os";
import {
  addressPort,
  type CommonSettings,
  defaulted,
  type Endpoint,
  type FileSecurity,
  hostPort,
  type Option,
  oneOf,
  optional,
  regex,
  required,
  requiredList,
  SettingError,
  type Settings,
  securityOf,
  text,
} from "@heraldlb/daemon";
import type { FrameBackend } from "@heraldlb/link";
import type { CredentialFiles } from "./credentials/credential-files.ts";
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
  readonly tokenFile: Option<string | undefined>;
} = {
  node: defaulted("NAME", text, hostname(), "name of this node in the cluster"),
  controller: requiredList("HOST:PORT", hostPort, "a controller, required; a name stands for all its addresses"),
  stateDir: required("DIR", text, "folder from which a restart without a controller goes on, required"),
  interfaces: defaulted("REGEX", regex, ".*", "interfaces to announce on; matched anywhere in the name"),
  excludeInterfaces: defaulted(
    "REGEX",
    regex,
    DEFAULT_EXCLUDED_INTERFACES,
    "interfaces to leave out of those; replaces the default",
  ),
  frames: defaulted(
    "BACKEND",
    oneOf("packet", "pcap"),
    "packet",
    "how frames are read and written: packet, or pcap by the npm package of that name",
  ),
  bgpListen: optional(
    "ADDR:PORT",
    addressPort,
    "where to accept connections of BGP peers; without it Herald only dials",
  ),
  tokenFile: optional("FILE", text, "token to show to controllers instead of a certificate; with --tls-ca"),
};

/** How a speaker's streams are protected: as files say it, or with a token. */
export type SpeakerSecurity = FileSecurity | { readonly tokenFiles: CredentialFiles };

/** How the flags say that streams are protected. @throws SettingError */
export function speakerSecurity(settings: Settings<typeof speakerOptions> & CommonSettings): SpeakerSecurity {
  const { tokenFile, tlsCert, tlsKey, tlsCa } = settings;
  if (tokenFile === undefined) return securityOf(settings);
  if (tlsCert || tlsKey)
    throw new SettingError("--token-file: a token stands for a certificate; allowed: without --tls-cert and --tls-key");
  if (!tlsCa) throw new SettingError("--token-file: needs --tls-ca, the authorities of whoever is shown the token");
  return { tokenFiles: { token: tokenFile, ca: tlsCa } };
}
