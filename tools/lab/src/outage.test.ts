import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Probe, summarizeProbes } from "./outage.ts";

/** One probe each 10 ms; a letter is the node that answered after 1 ms, a dot is a lost probe. */
function probes(picture: string): Probe[] {
  return [...picture].map((by, index) =>
    by === "." ? { sentAt: index * 10 } : { sentAt: index * 10, answeredAt: index * 10 + 1, by },
  );
}

describe("summarizeProbes", () => {
  test("finds nothing wrong when every probe is answered", () => {
    expect(summarizeProbes(probes("aaaa"))).toEqual({
      sent: 4,
      lost: 0,
      outages: [],
      longestOutageMs: 0,
      slowestAnswerMs: 1,
      answeredBy: ["a"],
    });
  });

  test("measures an outage from the last answered probe before it to the first after it", () => {
    const summary = summarizeProbes(probes("aa...bb"));
    expect(summary.outages).toEqual([{ from: 10, to: 50, ms: 40, lost: 3 }]);
    expect(summary.answeredBy).toEqual(["a", "b"]);
  });

  test("measures from the first probe, and to the last, where there is no answer beyond", () => {
    expect(summarizeProbes(probes("..a..")).outages).toEqual([
      { from: 0, to: 20, ms: 20, lost: 2 },
      { from: 20, to: 40, ms: 20, lost: 2 },
    ]);
  });

  test("takes a prober that was held up for no outage", () => {
    const heldUp = [...probes("aa"), { sentAt: 500, answeredAt: 501, by: "a" }];
    expect(summarizeProbes(heldUp)).toMatchObject({ lost: 0, longestOutageMs: 0 });
  });

  test("tells who answered in order, also when somebody comes back", () => {
    expect(summarizeProbes(probes("aabba")).answeredBy).toEqual(["a", "b", "a"]);
  });

  test("sums up nothing at all", () => {
    expect(summarizeProbes([])).toMatchObject({ sent: 0, lost: 0, answeredBy: [] });
  });

  test("accounts for every probe, and outages never overlap", () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom("a", "b", ".")), (picture) => {
        const summary = summarizeProbes(probes(picture.join("")));
        expect(summary.sent).toBe(picture.length);
        expect(summary.lost).toBe(picture.filter((by) => by === ".").length);
        for (const [index, outage] of summary.outages.entries()) {
          expect(outage.from).toBeGreaterThanOrEqual(summary.outages[index - 1]?.to ?? 0);
          expect(outage.ms).toBeLessThanOrEqual((outage.lost + 1) * 10);
        }
      }),
    );
  });
});
