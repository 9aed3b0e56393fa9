import { describe, expect, test } from "vitest";
import type { CodecOptions } from "./negotiation.ts";
import { AS_PATH, type Case, expectedOf, GOOD, HOP6, NEXT_HOP, ORIGIN, verdictOf } from "./severity.test.fixture.ts";
import { EXTERNAL, MODERN } from "./wire.test.fixture.ts";

const TWO_BYTE: CodecOptions = { ...MODERN, fourByteAs: false };

const cases: readonly Case[] = [
  [
    "RFC 7606 section 7.1: ORIGIN of two bytes",
    "treatAsWithdraw",
    "attributeLengthError",
    `40 01 02 0000 ${AS_PATH} ${NEXT_HOP}`,
  ],
  [
    "RFC 7606 section 7.1: ORIGIN of an undefined value",
    "treatAsWithdraw",
    "invalidOriginAttribute",
    `40 01 01 03 ${AS_PATH} ${NEXT_HOP}`,
  ],
  [
    "RFC 7606 section 7.2: AS_PATH with an unknown segment",
    "treatAsWithdraw",
    "malformedAsPath",
    `${ORIGIN} 40 02 06 05 01 0000fde9 ${NEXT_HOP}`,
  ],
  [
    "RFC 7606 section 7.2: AS_PATH with a segment that exceeds it",
    "treatAsWithdraw",
    "malformedAsPath",
    `${ORIGIN} 40 02 06 02 02 0000fde9 ${NEXT_HOP}`,
  ],
  [
    "RFC 7606 section 7.2: AS_PATH with one byte too many",
    "treatAsWithdraw",
    "malformedAsPath",
    `${ORIGIN} 40 02 07 02 01 0000fde9 02 ${NEXT_HOP}`,
  ],
  [
    "RFC 7606 section 7.2: AS_PATH with an empty segment",
    "treatAsWithdraw",
    "malformedAsPath",
    `${ORIGIN} 40 02 02 02 00 ${NEXT_HOP}`,
  ],
  [
    "RFC 5065 section 5: AS_PATH with a confederation's segment from outside",
    "treatAsWithdraw",
    "malformedAsPath",
    `${ORIGIN} 40 02 06 03 01 0000fde9 ${NEXT_HOP}`,
    { options: EXTERNAL },
  ],
  [
    "RFC 7607: AS_PATH with AS 0",
    "treatAsWithdraw",
    "malformedAsPath",
    `${ORIGIN} 40 02 06 02 01 00000000 ${NEXT_HOP}`,
  ],
  [
    "RFC 7606 section 7.3: NEXT_HOP of five bytes",
    "treatAsWithdraw",
    "attributeLengthError",
    `${ORIGIN} ${AS_PATH} 40 03 05 c000020100`,
  ],
  [
    "RFC 7606 section 7.4: MULTI_EXIT_DISC of three bytes",
    "treatAsWithdraw",
    "attributeLengthError",
    `${GOOD} 80 04 03 000000`,
  ],
  [
    "RFC 7606 section 7.5: LOCAL_PREF of an external peer",
    "attributeDiscard",
    "updateMessageError",
    `${GOOD} 40 05 04 00000064`,
    { options: EXTERNAL },
  ],
  [
    "RFC 7606 section 7.5: LOCAL_PREF of three bytes",
    "treatAsWithdraw",
    "attributeLengthError",
    `${GOOD} 40 05 03 000064`,
  ],
  [
    "RFC 7606 section 7.6: ATOMIC_AGGREGATE with a value",
    "attributeDiscard",
    "attributeLengthError",
    `${GOOD} 40 06 01 00`,
  ],
  [
    "RFC 7606 section 7.7: AGGREGATOR of six bytes where AS numbers have four",
    "attributeDiscard",
    "attributeLengthError",
    `${GOOD} c0 07 06 fde9 c0000201`,
  ],
  [
    "RFC 7606 section 7.7: AGGREGATOR of eight bytes where AS numbers have two",
    "attributeDiscard",
    "attributeLengthError",
    `${ORIGIN} 40 02 00 ${NEXT_HOP} c0 07 08 0000fde9 c0000201`,
    { options: TWO_BYTE },
  ],
  ["RFC 7607: AGGREGATOR of AS 0", "attributeDiscard", "optionalAttributeError", `${GOOD} c0 07 08 00000000 c0000201`],
  [
    "RFC 7606 section 7.8: COMMUNITIES of six bytes",
    "treatAsWithdraw",
    "attributeLengthError",
    `${GOOD} c0 08 06 fde900010000`,
  ],
  [
    "RFC 7606 section 7.9: ORIGINATOR_ID of an external peer",
    "attributeDiscard",
    "updateMessageError",
    `${GOOD} 80 09 04 c0000209`,
    { options: EXTERNAL },
  ],
  [
    "RFC 7606 section 7.9: ORIGINATOR_ID of five bytes",
    "treatAsWithdraw",
    "attributeLengthError",
    `${GOOD} 80 09 05 c000020900`,
  ],
  [
    "RFC 7606 section 7.10: CLUSTER_LIST of an external peer",
    "attributeDiscard",
    "updateMessageError",
    `${GOOD} 80 0a 04 c0000209`,
    { options: EXTERNAL },
  ],
  [
    "RFC 7606 section 7.10: CLUSTER_LIST of six bytes",
    "treatAsWithdraw",
    "attributeLengthError",
    `${GOOD} 80 0a 06 c00002090000`,
  ],
  [
    "RFC 7606 section 7.11: MP_REACH_NLRI with a next hop of three bytes",
    "sessionReset",
    "optionalAttributeError",
    `80 0e 0d 0002 01 03 000000 00 20 20010db8 ${GOOD}`,
  ],
  [
    "RFC 7606 section 7.11: MP_REACH_NLRI with an IPv4 next hop for IPv6",
    "sessionReset",
    "optionalAttributeError",
    `80 0e 0e 0002 01 04 c0000201 00 20 20010db8 ${GOOD}`,
  ],
  [
    "RFC 7606 section 7.11: MP_REACH_NLRI with an IPv6 next hop for IPv4, not agreed on",
    "sessionReset",
    "optionalAttributeError",
    `80 0e 19 0001 01 10 ${HOP6} 00 18 c63364 ${GOOD}`,
  ],
  [
    "RFC 7606 section 7.11: MP_REACH_NLRI that ends in its next hop",
    "sessionReset",
    "optionalAttributeError",
    `80 0e 06 0002 01 10 2001 ${GOOD}`,
  ],
  [
    "RFC 7606 section 7.12: MP_UNREACH_NLRI without a family",
    "sessionReset",
    "optionalAttributeError",
    `80 0f 02 0002 ${GOOD}`,
  ],
  [
    "RFC 7606 section 7.14: extended communities of seven bytes",
    "treatAsWithdraw",
    "attributeLengthError",
    `${GOOD} c0 10 07 0002fde9000000`,
  ],
  [
    "RFC 8092: large communities of eight bytes",
    "treatAsWithdraw",
    "attributeLengthError",
    `${GOOD} c0 20 08 0000fde900000001`,
  ],
  [
    "RFC 6793 section 4.1: AS4_PATH of a peer that does not need it",
    "attributeDiscard",
    "updateMessageError",
    `${GOOD} c0 11 06 02 01 fa56ea01`,
  ],
  [
    "RFC 6793 section 6: a malformed AS4_PATH",
    "attributeDiscard",
    "optionalAttributeError",
    `${ORIGIN} 40 02 00 ${NEXT_HOP} c0 11 06 02 02 fa56ea01`,
    { options: TWO_BYTE },
  ],
  [
    "RFC 6793 section 6: AS4_AGGREGATOR of seven bytes",
    "attributeDiscard",
    "attributeLengthError",
    `${ORIGIN} 40 02 00 ${NEXT_HOP} c0 12 07 fa56ea01c00002`,
    { options: TWO_BYTE },
  ],
  [
    "RFC 4271 section 6.3: a well-known attribute that is not known",
    "sessionReset",
    "unrecognizedWellKnownAttribute",
    `${GOOD} 40 63 00`,
  ],
  [
    "RFC 4760: routes of a family that is not spoken",
    "attributeDiscard",
    "optionalAttributeError",
    `80 0e 0b 0019 46 04 c0000201 00 0000 ${GOOD}`,
  ],
];

describe("a malformed attribute costs no more than it must", () => {
  test.each(cases.map((one) => [one[0], one] as const))("%s", (_name, one) => {
    expect(verdictOf(one)).toEqual(expectedOf(one));
  });
});
