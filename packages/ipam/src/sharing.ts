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

/** Whether these terms let the two share at all, ports aside. */
export function mayShare(a: SharingTerms, b: SharingTerms): boolean {
  return a.sharingKey !== "" && a.sharingKey === b.sharingKey && a.backendKey === b.backendKey;
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
