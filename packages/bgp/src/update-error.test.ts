import { describe, expect, test } from "vitest";
import type { CodecOptions } from "./negotiation.ts";
import { updateRoutes } from "./routes.ts";
import {
  AS_PATH,
  type Case,
  expectedOf,
  GOOD,
  HOP6,
  NEXT_HOP,
  ORIGIN,
  REACH,
  ROUTE,
  UNREACH,
  verdictOf,
} from "./severity.test.fixture.ts";
import { strongestAction } from "./update-error.ts";
import { decoded, EXTERNAL, hex, MODERN, message, route, update } from "./wire.test.fixture.ts";

const cases: readonly Case[] = [
  [
    "3 c: ORIGIN that claims to be optional",
    "treatAsWithdraw",
    "attributeFlagsError",
    `c0 01 01 00 ${AS_PATH} ${NEXT_HOP}`,
  ],
  [
    "3 c: AS_PATH that is not transitive",
    "treatAsWithdraw",
    "attributeFlagsError",
    `${ORIGIN} 00 02 06 02 01 0000fde9 ${NEXT_HOP}`,
  ],
  ["3 c: COMMUNITIES that are not transitive", "treatAsWithdraw", "attributeFlagsError", `${GOOD} 80 08 04 fde90001`],
  [
    "3 c: MP_REACH_NLRI that claims to be transitive",
    "treatAsWithdraw",
    "attributeFlagsError",
    `${ORIGIN} ${AS_PATH} c0 0e 1a 0002 01 10 ${HOP6} 00 20 20010db8`,
    { announced: "" },
  ],
  ["3 d: no ORIGIN", "treatAsWithdraw", "missingWellKnownAttribute", `${AS_PATH} ${NEXT_HOP}`],
  ["3 d: no AS_PATH", "treatAsWithdraw", "missingWellKnownAttribute", `${ORIGIN} ${NEXT_HOP}`],
  ["3 d: no NEXT_HOP", "treatAsWithdraw", "missingWellKnownAttribute", `${ORIGIN} ${AS_PATH}`],
  [
    "3 d: no ORIGIN beside MP_REACH_NLRI",
    "treatAsWithdraw",
    "missingWellKnownAttribute",
    `${REACH} ${AS_PATH}`,
    { announced: "" },
  ],
  [
    "3 e: NEXT_HOP that is no host",
    "treatAsWithdraw",
    "invalidNextHopAttribute",
    `${ORIGIN} ${AS_PATH} 40 03 04 e0000001`,
  ],
  [
    "3 e: NEXT_HOP that is unspecified",
    "treatAsWithdraw",
    "invalidNextHopAttribute",
    `${ORIGIN} ${AS_PATH} 40 03 04 00000000`,
  ],
  [
    "3 e: a next hop of MP_REACH_NLRI that is no host",
    "treatAsWithdraw",
    "invalidNextHopAttribute",
    `80 0e 1a 0002 01 10 ff020000000000000000000000000001 00 20 20010db8 ${ORIGIN} ${AS_PATH}`,
    { announced: "" },
  ],
  ["3 g: MP_REACH_NLRI twice", "sessionReset", "malformedAttributeList", `${REACH} ${REACH} ${ORIGIN} ${AS_PATH}`],
  ["3 g: MP_UNREACH_NLRI twice", "sessionReset", "malformedAttributeList", `${UNREACH} ${UNREACH} ${GOOD}`],
  ["3 g: a known attribute twice", "attributeDiscard", "malformedAttributeList", `${GOOD} 40 01 01 02`],
  ["3 g: an unknown attribute twice", "attributeDiscard", "malformedAttributeList", `${GOOD} c0 63 00 c0 63 01 00`],
  [
    "3 h: errors of all kinds",
    "sessionReset",
    "malformedAttributeList",
    `${UNREACH} ${UNREACH} 40 01 01 09 ${AS_PATH} ${NEXT_HOP} 40 06 01 00`,
  ],
  [
    "3 h: errors of the two weaker kinds",
    "treatAsWithdraw",
    "invalidOriginAttribute",
    `40 01 01 09 ${AS_PATH} ${NEXT_HOP} 40 06 01 00`,
  ],
  [
    "3 i: a withdrawn prefix that is too long",
    "sessionReset",
    "invalidNetworkField",
    GOOD,
    { withdrawn: "21 c633640000" },
  ],
  ["3 j, 5.3: a prefix that is too long", "sessionReset", "invalidNetworkField", GOOD, { announced: "21 c633640000" }],
  ["3 j, 5.3: a prefix that ends too early", "sessionReset", "invalidNetworkField", GOOD, { announced: "18 c633" }],
  [
    "3 j, 5.3: a prefix of MP_REACH_NLRI that is too long",
    "sessionReset",
    "optionalAttributeError",
    `80 0e 27 0002 01 10 ${HOP6} 00 81 2001000000000000000000000000000000 ${ORIGIN} ${AS_PATH}`,
  ],
  [
    "3 j, 5.3: a prefix of MP_UNREACH_NLRI that ends too early",
    "sessionReset",
    "optionalAttributeError",
    `80 0f 06 0002 01 20 2001 ${GOOD}`,
  ],
  ["4: an attribute that exceeds the list", "treatAsWithdraw", "malformedAttributeList", `${GOOD} 80 04 08 00000000`],
  ["3 j, 4: MP_REACH_NLRI that exceeds the list", "sessionReset", "malformedAttributeList", `${GOOD} 80 0e 40 0002 01`],
  ["4: an attribute without a length", "treatAsWithdraw", "malformedAttributeList", `${GOOD} 80 04`],
  ["4: an attribute with half a length", "treatAsWithdraw", "malformedAttributeList", `${GOOD} 90 04 00`],
  ["4: an empty ORIGIN", "treatAsWithdraw", "attributeLengthError", `40 01 00 ${AS_PATH} ${NEXT_HOP}`],
  ["4: empty COMMUNITIES", "treatAsWithdraw", "attributeLengthError", `${GOOD} c0 08 00`],
  ["4: an empty MP_UNREACH_NLRI", "sessionReset", "attributeLengthError", `80 0f 00 ${GOOD}`],
  [
    "5.2: an error to withdraw for, and no routes",
    "sessionReset",
    "invalidOriginAttribute",
    `40 01 01 09 ${AS_PATH}`,
    { announced: "" },
  ],
  [
    "5.2: an error to withdraw for, and MP_REACH_NLRI without routes",
    "sessionReset",
    "invalidOriginAttribute",
    `80 0e 15 0002 01 10 ${HOP6} 00 40 01 01 09 ${AS_PATH}`,
    { announced: "" },
  ],
  [
    "5.2: attributes that end too early behind MP_UNREACH_NLRI",
    "sessionReset",
    "malformedAttributeList",
    `${UNREACH} 80 04`,
    { announced: "" },
  ],
  [
    "5.2: an error to withdraw for, and nothing but withdrawals",
    "treatAsWithdraw",
    "attributeFlagsError",
    "c0 0f 08 0002 01 20 20010db8",
    { announced: "" },
  ],
  [
    "5.2: an attribute to discard, and no routes",
    "attributeDiscard",
    "attributeLengthError",
    "40 06 01 00",
    { announced: "" },
  ],
];

describe("a malformed UPDATE costs no more than it must, RFC 7606 section", () => {
  test.each(cases.map((one) => [one[0], one] as const))("%s", (_name, one) => {
    expect(verdictOf(one)).toEqual(expectedOf(one));
  });
});

test("all routes of an UPDATE to be treated as a withdrawal are withdrawn", () => {
  const received = decoded(
    update({
      withdrawn: "08 0a",
      attributes: `${REACH} 80 0f 04 0002 01 00 40 01 01 09 ${AS_PATH} ${NEXT_HOP}`,
      announced: ROUTE,
    }),
  );
  expect(updateRoutes(received)).toEqual({
    withdrawn: [route("10.0.0.0/8"), route("::/0"), route("2001:db8::/32"), route("198.51.100.0/24")],
    announced: [],
  });
});

test("a NOTIFICATION quotes the attribute that it is about, with its header (RFC 4271 section 6.3)", () => {
  const { errors } = decoded(update({ attributes: `${GOOD} 40 63 01 07`, announced: ROUTE }));
  expect(errors).toEqual([
    {
      action: "sessionReset",
      attribute: 99,
      message: "attribute 99: not known",
      notification: { type: "notification", error: "unrecognizedWellKnownAttribute", data: hex("40 63 01 07") },
    },
  ]);
});

test("a NOTIFICATION names the attribute that is missing (RFC 4271 section 6.3)", () => {
  const { errors } = decoded(update({ attributes: `${ORIGIN} ${AS_PATH}`, announced: ROUTE }));
  expect(errors[0]?.notification.data).toEqual(hex("03"));
});

test("the first of two attributes counts (RFC 7606 section 3 g)", () => {
  const { attributes } = decoded(
    update({ attributes: `${GOOD} 80 04 04 00000001 80 04 04 00000002`, announced: ROUTE }),
  );
  expect(attributes.filter(({ type }) => type === "med")).toEqual([{ type: "med", value: 1 }]);
});

describe("fields longer than the message (RFC 7606 section 3 b)", () => {
  test.each([
    ["withdrawn routes", "02 0002 0000"],
    ["attributes", "02 0000 0002 40"],
    ["withdrawn routes that leave no room for the other length", "02 0001 0000"],
  ])("reset the session: %s", (_name, digits) => {
    const { errors, ...rest } = decoded(message(digits));
    expect(rest).toEqual({ type: "update", withdrawn: [], attributes: [], announced: [] });
    expect(errors.map(({ action, notification }) => [action, notification.error])).toEqual([
      ["sessionReset", "malformedAttributeList"],
    ]);
  });
});

describe("nothing is wrong with", () => {
  test.each<readonly [string, string, string, CodecOptions]>([
    ["MP_REACH_NLRI behind other attributes (RFC 7606 section 5.1)", `${ORIGIN} ${AS_PATH} ${REACH}`, "", MODERN],
    ["routes in all four places (RFC 7606 section 5.1)", `${REACH} ${UNREACH} ${GOOD}`, ROUTE, MODERN],
    ["an UPDATE of an external peer", GOOD, ROUTE, EXTERNAL],
    ["the Partial bit on an optional transitive attribute", `${GOOD} e0 08 04 fde90001`, ROUTE, MODERN],
    ["bits of the flags that mean nothing", `4f 01 01 00 ${AS_PATH} ${NEXT_HOP}`, ROUTE, MODERN],
    ["a default route", GOOD, "00", MODERN],
    ["nothing at all", "", "", MODERN],
  ])("%s", (_name, attributes, announced, options) => {
    expect(decoded(update({ withdrawn: "08 0a", attributes, announced }), options).errors).toEqual([]);
  });
});

test("no error calls for no action", () => {
  expect(strongestAction([])).toBeUndefined();
});
