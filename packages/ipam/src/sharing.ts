/** A port that a Service listens on. */
export interface ServicePort {
  /** `TCP`, `UDP` or `SCTP`. */
  readonly protocol: string;
  readonly port: number;
}

/** The terms on which a Service holds its addresses: they decide who may share one with it. */
export interface SharingTerms {
  /** Empty: shares with nobody. */
  readonly sharingKey: string;
  /** Canonical text of the selector with `externalTrafficPolicy: Local`, else empty. Sharers must agree on it. */
  readonly backendKey: string;
  readonly ports: readonly ServicePort[];
}

/** A port as MetalLB writes it, `TCP/80`. */
export function formatPort({ protocol, port }: ServicePort): string {
  return `${protocol}/${port}`;
}

// To make a set of thousands of ports takes long, and they are asked for at each address that may be shared.
const portSets = new WeakMap<SharingTerms, ReadonlySet<string>>();

/** The ports of these terms, as {@link formatPort} writes them. */
export function portsOf(terms: SharingTerms): ReadonlySet<string> {
  const known = portSets.get(terms) ?? new Set(terms.ports.map(formatPort));
  portSets.set(terms, known);
  return known;
}

const KEY = "metallb.io/allow-shared-ip";

/** What keeps a Service from sharing with another, ports aside, in words; undefined if nothing does. */
export function whyNotShared(theirs: SharingTerms, ours: SharingTerms): string | undefined {
  if (theirs.sharingKey === "") return ours.sharingKey === "" ? `neither has ${KEY}` : `the other has no ${KEY}`;
  if (ours.sharingKey === "") return `this Service has no ${KEY}`;
  if (ours.sharingKey !== theirs.sharingKey) return `their ${KEY} differs`;
  if (ours.backendKey === theirs.backendKey) return undefined;
  return ours.backendKey === "" || theirs.backendKey === ""
    ? "only one of them has externalTrafficPolicy: Local with a selector"
    : "with externalTrafficPolicy: Local, their selectors must be the same";
}

/** Whether two Services' terms are the same. */
export function sameTerms(a: SharingTerms, b: SharingTerms): boolean {
  return (
    a.sharingKey === b.sharingKey &&
    a.backendKey === b.backendKey &&
    a.ports.length === b.ports.length &&
    a.ports.every((port, i) => formatPort(port) === formatPort(b.ports[i] ?? port))
  );
}
