import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { attributes, family, message, nextHop, nlri, open, options, update } from "./arbitrary.test.fixture.ts";
import type { PathAttribute } from "./attribute.ts";
import { BgpError } from "./bgp-error.ts";
import { decodeMessage, encodeMessage, type ReceivedMessage } from "./message.ts";
import { INITIAL_CODEC_OPTIONS } from "./negotiation.ts";
import { packUpdates, packWithdrawals } from "./pack.ts";
import { updateRoutes } from "./routes.ts";
import { MessageSplitter } from "./splitter.ts";
import { decoded } from "./wire.test.fixture.ts";

test("every OPEN decodes to itself", () => {
  fc.assert(
    fc.property(open, (value) => {
      expect(decodeMessage(encodeMessage(value, INITIAL_CODEC_OPTIONS), INITIAL_CODEC_OPTIONS)).toEqual(value);
    }),
  );
});

test("every UPDATE decodes to itself", () => {
  fc.assert(
    fc.property(update, ([value, form]) => {
      expect(decoded(encodeMessage(value, form), form)).toEqual({ ...value, errors: [] });
    }),
  );
});

test("packed routes arrive in order, with all their attributes, in messages that are not too long", () => {
  const batch = options.chain((form) =>
    family.chain((of) =>
      fc.tuple(
        fc.constant(form),
        fc.record({
          attributes: attributes(form),
          nextHop: nextHop(of, form),
          nlri: fc.array(nlri(of, form), { maxLength: 900 }),
        }),
      ),
    ),
  );
  fc.assert(
    fc.property(batch, ([form, routes]) => {
      const received = packUpdates(routes, form).map((one) => decoded(encodeMessage(one, form), form));
      expect(received.flatMap(({ errors }) => errors)).toEqual([]);
      const announced = received.flatMap((one) => updateRoutes(one).announced);
      expect(announced.flatMap((one) => one.nlri)).toEqual(routes.nlri);
      for (const one of announced) expect(one.nextHop).toEqual(routes.nextHop);
      for (const one of received) {
        expect(one.attributes.filter(({ type }) => type !== "nextHop" && type !== "mpReach")).toEqual(
          routes.attributes,
        );
      }
      const gone = packWithdrawals(routes.nlri, form).map((one) => decoded(encodeMessage(one, form), form));
      expect(gone.flatMap((one) => updateRoutes(one).withdrawn)).toEqual(routes.nlri);
    }),
    { numRuns: 40 },
  );
});

test("a stream is cut into its messages, wherever its chunks end", () => {
  fc.assert(
    fc.property(fc.array(message, { maxLength: 6 }), fc.array(fc.nat(200)), (messages, sizes) => {
      const wires = messages.map(([value, form]) => encodeMessage(value, form));
      const stream = Uint8Array.from(wires.flatMap((wire) => [...wire]));
      const splitter = new MessageSplitter(65_535);
      const found: Uint8Array[] = [];
      for (let at = 0, i = 0; at < stream.length; i++) {
        const size = 1 + (sizes[i % sizes.length] ?? 100);
        splitter.push(stream.subarray(at, at + size));
        for (let next = splitter.next(); next; next = splitter.next()) found.push(next);
        at += size;
      }
      expect(found).toEqual(wires);
    }),
    { numRuns: 50 },
  );
});

describe("hostile bytes", () => {
  const mutated = fc
    .tuple(message, fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 4 }))
    .map(([[value, form], edits]) => {
      const wire = encodeMessage(value, form);
      for (const [at, byte] of edits) if (wire.length > 19) wire[19 + (at % (wire.length - 19))] = byte;
      return [wire, form] as const;
    });

  test("in a whole message make decoding throw nothing but BgpError, and what they decode to comes back", () => {
    fc.assert(
      fc.property(mutated, ([wire, form]) => {
        try {
          const received = decodeMessage(wire, form);
          if (received.type === "update" && received.errors.length > 0) return;
          expect(ordered(decodeMessage(encodeMessage(received, form), form))).toEqual(ordered(received));
        } catch (error) {
          if (!(error instanceof BgpError)) throw error;
        }
      }),
      { numRuns: 1_000 },
    );
  });

  test("at the end of an UPDATE that is cut off announce no other routes", () => {
    fc.assert(
      fc.property(update, fc.nat(), ([value, form], at) => {
        const wire = encodeMessage(value, form);
        const end = 23 + (at % (wire.length - 23));
        const cut = wire.slice(0, end);
        cut.set([end >>> 8, end & 0xff], 16);
        const found = updateRoutes(decoded(cut, form)).announced.flatMap((one) => one.nlri);
        const all = updateRoutes({ ...value, errors: [] }).announced.flatMap((one) => one.nlri);
        expect(all.slice(0, found.length)).toEqual(found);
      }),
    );
  });
});

/** Encoding puts attributes into the order of their codes. */
function ordered(message: ReceivedMessage): ReceivedMessage {
  if (message.type !== "update") return message;
  const key = (one: PathAttribute) => (one.type === "unknown" ? String(one.code) : one.type);
  return { ...message, attributes: message.attributes.toSorted((a, b) => key(a).localeCompare(key(b))) };
}
