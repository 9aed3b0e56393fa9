/** Where BGPPeers are converted. */
export const CONVERSION_PATH = "/convert";

/** The kind of the objects that are validated at each path; the paths are MetalLB's. */
export const VALIDATION_PATHS: ReadonlyMap<string, string> = new Map([
  ["/validate-metallb-io-v1beta2-bgppeer", "BGPPeer"],
  ["/validate-metallb-io-v1beta1-ipaddresspool", "IPAddressPool"],
  ["/validate-metallb-io-v1beta1-bgpadvertisement", "BGPAdvertisement"],
  ["/validate-metallb-io-v1beta1-community", "Community"],
  ["/validate-metallb-io-v1beta1-bfdprofile", "BFDProfile"],
  ["/validate-metallb-io-v1beta1-l2advertisement", "L2Advertisement"],
  // MetalLB's API servers do not ask about those, nor need they: a schema says all there is to say.
  ["/validate-metallb-io-v1beta1-servicel2status", "ServiceL2Status"],
  ["/validate-metallb-io-v1beta1-servicebgpstatus", "ServiceBGPStatus"],
  ["/validate-metallb-io-v1beta1-configurationstate", "ConfigurationState"],
]);
