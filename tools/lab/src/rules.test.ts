import { parseIpv4, parseIpv6 } from "@heraldlb/net";
import { describe, expect, test } from "vitest";
import { planLab } from "./plan.ts";
import { type Fault, faultRules, serveRules } from "./rules.ts";

const partition: Fault = {
  type: "partition",
  network: "mgmt",
  from: ["node1", "node2"],
  to: ["controller1"],
  direction: "oneWay",
};

describe("faultRules", () => {
  test("replaces the rules of an earlier call in one transaction", () => {
    expect(faultRules("mgmt", [partition])).toBe(
      [
        "table bridge herald",
        "delete table bridge herald",
        "table bridge herald {",
        "  chain forward {",
        "    type filter hook forward priority 0",
        '    iifname { "node1", "node2" } oifname { "controller1" } drop',
        "  }",
        "}",
        "",
      ].join("\n"),
    );
  });

  test("cuts both ways if asked to", () => {
    const rules = faultRules("mgmt", [{ ...partition, direction: "both" }]);
    expect(rules).toContain('iifname { "node1", "node2" } oifname { "controller1" } drop');
    expect(rules).toContain('iifname { "controller1" } oifname { "node1", "node2" } drop');
  });

  test("drops a share of the frames in each direction", () => {
    const rules = faultRules("lan", [{ type: "loss", network: "lan", hosts: ["node3"], probability: 0.015 }]);
    expect(rules).toContain('iifname { "node3" } numgen random mod 10000 < 150 drop');
    expect(rules).toContain('oifname { "node3" } numgen random mod 10000 < 150 drop');
  });

  test("drops everything at a probability of 1, and accepts 0", () => {
    const loss = { type: "loss", network: "lan", hosts: ["node3"] } as const;
    expect(faultRules("lan", [{ ...loss, probability: 1 }])).toContain('iifname { "node3" } drop');
    expect(faultRules("lan", [{ ...loss, probability: 0 }])).toContain("mod 10000 < 0 drop");
  });

  test("leaves the other network alone", () => {
    expect(faultRules("lan", [partition])).not.toContain("drop");
  });

  test.each([-0.1, 1.1, Number.NaN])("refuses a probability of %d", (probability) => {
    expect(() => faultRules("lan", [{ type: "loss", network: "lan", hosts: ["node1"], probability }])).toThrow(
      RangeError,
    );
  });
});

describe("serveRules", () => {
  const { services } = planLab({ name: "t" });
  const backend = (number: number) => {
    const [ipv4, ipv6] = [parseIpv4(`10.64.0.${number}`), parseIpv6(`fd64::${number}`)];
    if (!ipv4 || !ipv6) throw new TypeError("no address");
    return { ipv4, ipv6, port: 8080 };
  };

  test("rewrites both families' service addresses to the backends in turn", () => {
    const rules = serveRules({ services, port: 80, backends: [backend(1), backend(2)] });
    expect(rules).toContain(
      "ip daddr 10.64.1.1-10.64.63.255 meta l4proto { tcp, udp } th dport 80 " +
        "dnat ip addr . port to numgen inc mod 2 map { 0 : 10.64.0.1 . 8080, 1 : 10.64.0.2 . 8080 }",
    );
    expect(rules).toContain("dnat ip6 addr . port to numgen inc mod 2 map { 0 : fd64::1 . 8080, 1 : fd64::2 . 8080 }");
    expect(rules).toContain("ct status dnat masquerade");
  });

  test("serves nothing without a backend", () => {
    expect(serveRules({ services, port: 80, backends: [] })).not.toContain("daddr");
  });
});
