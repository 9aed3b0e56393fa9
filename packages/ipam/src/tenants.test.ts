import { describe, expect, it } from "vitest";
import { ip } from "./bench.test.fixture.ts";
import { Tenants } from "./tenants.ts";

describe("Tenants", () => {
  const address = ip("192.0.2.1");

  it("lists those who have an address in the order in which they came", () => {
    const tenants = new Tenants<string>();
    expect(tenants.of(address)).toEqual([]);
    expect(["a", "b", "c"].map((tenant) => tenants.add(address, tenant))).toEqual([true, false, false]);
    expect(tenants.of(address)).toEqual(["a", "b", "c"]);
    expect(tenants.size).toBe(1);
  });

  it("says when the last one leaves", () => {
    const tenants = new Tenants<string>();
    for (const tenant of ["a", "b", "c"]) tenants.add(address, tenant);
    expect(["b", "a"].map((tenant) => tenants.delete(address, tenant))).toEqual([false, false]);
    expect(tenants.of(address)).toEqual(["c"]);
    expect(tenants.delete(address, "c")).toBe(true);
    expect(tenants.has(address)).toBe(false);
  });
});
