import { ConnectResponse } from "@heraldlb/api";
import type { TokenReview } from "@heraldlb/kube";
import type { AuthenticationObserver } from "./authenticator.ts";
import type { CredentialObserver } from "./stream-credentials.ts";

export const ACCOUNT = "system:serviceaccount:herald:herald-speaker";

/** What an API server says of a good token of a speaker on node-a, but for what a test changes. */
export const review = (changes: Partial<TokenReview> = {}): TokenReview => ({
  authenticated: true,
  username: ACCOUNT,
  groups: ["system:serviceaccounts"],
  extra: { "authentication.kubernetes.io/node-name": ["node-a"] },
  audiences: ["herald"],
  error: "",
  ...changes,
});

/** Notes what is counted. */
export function recordingObserver(): AuthenticationObserver & CredentialObserver & { readonly counted: string[] } {
  const counted: string[] = [];
  return {
    counted,
    onAccepted: (proof) => counted.push(`accepted ${proof}`),
    onRefused: (reason) => counted.push(`refused ${reason}`),
    onRenewed: (outcome) => counted.push(`renewed ${outcome}`),
    onCertificate: (outcome) => counted.push(`certificate ${outcome}`),
  };
}

/** What bytes on a stream say. */
export const decode = (bytes: Uint8Array): ConnectResponse["message"] => ConnectResponse.decode(bytes).message;
