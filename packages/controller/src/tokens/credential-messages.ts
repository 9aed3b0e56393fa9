import { type ConnectRequest, type Encoded, encodeResponse } from "@heraldlb/api";

/** What a speaker says on its stream about who it is, or asks about others. */
export type CredentialRequest =
  | {
      /** A token that is newer than the one that the stream began with. */
      readonly type: "tokenRenewal";
      readonly token: string;
    }
  | {
      readonly type: "certificateRequest";
      /** SubjectPublicKeyInfo, DER. */
      readonly publicKey: Uint8Array;
    }
  | {
      readonly type: "metricsReview";
      /** The stream's number for the question. */
      readonly id: bigint;
      /** Of whoever wants to read the speaker's metrics. */
      readonly token: string;
    };

/** Understands a message about credentials; undefined for any other. */
export function credentialRequest({ message }: ConnectRequest): CredentialRequest | undefined {
  switch (message?.$case) {
    case "tokenRenewal":
      return { type: "tokenRenewal", ...message.value };
    case "certificateRequest":
      return { type: "certificateRequest", ...message.value };
    case "metricsReview":
      return { type: "metricsReview", ...message.value };
    default:
      return undefined;
  }
}

/** A certificate for a speaker. */
export interface IssuedCertificate {
  /** PEM, with intermediate ones if any. */
  readonly certificate: string;
  /** The authorities that vouch for controllers: PEM. */
  readonly authorities: string;
}

/** The bytes of a certificate. */
export const encodeCertificate = (value: IssuedCertificate): Encoded =>
  encodeResponse({ message: { $case: "certificate", value } });

/** The bytes of an answer about a reader of metrics. */
export const encodeMetricsReviewed = (value: {
  readonly id: bigint;
  readonly allowed: boolean;
  readonly reason: string;
}): Encoded => encodeResponse({ message: { $case: "metricsReviewed", value } });
