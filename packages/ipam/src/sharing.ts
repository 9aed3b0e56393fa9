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
