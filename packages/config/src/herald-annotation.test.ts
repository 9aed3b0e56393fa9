import { describe, expect, test } from "vitest";
import { HERALD_ANNOTATIONS, type HeraldAnnotationName, heraldSetting } from "./herald-annotation.ts";
import { readResource } from "./read.ts";

const NAMES = Object.keys(HERALD_ANNOTATIONS) as HeraldAnnotationName[];

describe("values", () => {
  test.each<[HeraldAnnotationName, string, unknown]>([
    ["heraldlb.io/reassign", "", true],
    ["heraldlb.io/reassign", "true", true],
    ["heraldlb.io/reassign", "false", false],
    ["heraldlb.io/refresh", "1m30s", 90_000],
    ["heraldlb.io/quota-per-namespace", "10", 10],
    ["heraldlb.io/quota-per-namespace", "0", 0],
    ["heraldlb.io/cool-down", "1h", 3_600_000],
    ["heraldlb.io/cool-down", "0", 0],
    [
      "heraldlb.io/reserved",
      "10.0.0.5, 10.0.0.8-10.0.0.9,10.1.0.0/30,fc00::1",
      ["10.0.0.5-10.0.0.5", "10.0.0.8-10.0.0.9", "10.1.0.0-10.1.0.3", "fc00::1-fc00::1"],
    ],
    ["heraldlb.io/med", "4294967295", 4_294_967_295],
    ["heraldlb.io/as-path-prepend", "3", 3],
    ["heraldlb.io/link-bandwidth", "true", true],
    ["heraldlb.io/graceful-shutdown", "30s", 30_000],
    ["heraldlb.io/add-path", "true", true],
    ["heraldlb.io/gtsm", "1", 1],
  ])('%s: "%s"', (name, text, value) => {
    expect(heraldSetting({ [name]: text }, name)).toEqual(value);
  });

  test.each<[HeraldAnnotationName, string]>([
    ["heraldlb.io/reassign", "yes"],
    ["heraldlb.io/reassign", "__proto__"],
    ["heraldlb.io/refresh", "10"],
    ["heraldlb.io/refresh", "10ms"],
    ["heraldlb.io/quota-per-namespace", ""],
    ["heraldlb.io/quota-per-namespace", "-1"],
    ["heraldlb.io/quota-per-namespace", "1.5"],
    ["heraldlb.io/cool-down", "1 h"],
    ["heraldlb.io/cool-down", "-1s"],
    ["heraldlb.io/reserved", ""],
    ["heraldlb.io/reserved", "10.0.0.5,"],
    ["heraldlb.io/reserved", "10.0.0.9-10.0.0.8"],
    ["heraldlb.io/med", "4294967296"],
    ["heraldlb.io/as-path-prepend", "17"],
    ["heraldlb.io/link-bandwidth", "1"],
    ["heraldlb.io/graceful-shutdown", "11m"],
    ["heraldlb.io/add-path", "both"],
    ["heraldlb.io/gtsm", "0"],
    ["heraldlb.io/gtsm", "255"],
  ])('%s is not "%s"', (name, text) => {
    expect(heraldSetting({ [name]: text }, name)).toBeUndefined();
  });

  test.each(NAMES)("%s has no value where it is not written", (name) => {
    expect(heraldSetting({}, name)).toBeUndefined();
  });
});

describe("a wrong value", () => {
  const at = 'metadata.annotations["heraldlb.io/cool-down"]';

  test("is an error of one of Herald's own kinds, so that the last valid form stays in force", () => {
    const json = {
      ...{ apiVersion: "metallb.io/v1beta1", kind: "IPAddressPool", spec: { addresses: ["10.0.0.0/24"] } },
      metadata: { name: "p", annotations: { "heraldlb.io/cool-down": "1 hour" } },
    };
    const message = 'must be a duration from 0s to 8760h, as in "90s" or "1h30m", not "1 hour"';
    expect(readResource(json, { defaultNamespace: "herald" })).toMatchObject({
      ...{ type: "invalid", problems: [{ path: at, message, code: "invalidAnnotation" }] },
    });
  });

  test("is a warning on a Service, which goes on working without it", () => {
    const json = {
      ...{ apiVersion: "v1", kind: "Service" },
      metadata: { name: "web", annotations: { "heraldlb.io/reassign": "yes" } },
    };
    const message = 'must be "true" (or empty) or "false", not "yes"; as it is, it has no effect';
    expect(readResource(json, { defaultNamespace: "herald" })).toMatchObject({
      ...{ type: "resource", warnings: [{ message, code: "invalidAnnotation" }] },
    });
  });
});
