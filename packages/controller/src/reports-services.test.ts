import { expect, test } from "vitest";
import { Reports } from "./reports.ts";
import { type AnnouncedBy, serviceOnWire, servicesConcerned } from "./reports-services.ts";

const NARROW = "10.64.1.0/28";
const WIDE = "2001:db8::/64";
const FOR_TOR = "10.64.1.0/28 tor1";

/** `web` and `mail` share an aggregate; node n3 announces it for `mail` alone. */
const plans: AnnouncedBy = {
  layer2: {
    reachOf: () => new Map(),
    groupOf: (service) => ({ "default/web": "10.64.1.1", "default/mail": "10.64.1.2" })[service],
    servicesOf: (group) => (group === "10.64.1.1" ? ["default/web"] : []),
  },
  bgp: {
    hearersOf: () => new Map(),
    routesOf: (service) =>
      new Map(
        Object.entries(
          {
            "default/web": { n1: [FOR_TOR, NARROW], n2: [NARROW] },
            "default/mail": { n3: [NARROW, WIDE] },
          }[service] ?? {},
        ),
      ),
    servicesOf: (route) => new Set(route.startsWith(NARROW) ? ["default/web", "default/mail"] : []),
  },
};

test("a Service is announced where its group is answered for, and where a router hears of its routes", () => {
  const reports = new Reports();
  const say = (node: string, routes: readonly { route: string; peers: string[] }[], interfaces: string[] = []) =>
    reports.note(
      { node, stream: 1 },
      { groups: [{ group: "10.64.1.1", interfaces }], routes, peers: [], complete: false },
    );
  say(
    "n1",
    [
      { route: NARROW, peers: ["tor3", "tor2"] },
      { route: FOR_TOR, peers: ["tor1"] },
    ],
    ["eth0"],
  );
  say("n2", [{ route: NARROW, peers: [] }]);
  say("n3", [{ route: NARROW, peers: ["tor1"] }]);
  expect(serviceOnWire("default/web", reports, plans)).toEqual({
    layer2: [{ node: "n1", interfaces: ["eth0"] }],
    bgp: [{ node: "n1", peers: ["tor1", "tor2", "tor3"] }],
    heard: new Set(["ipv4"]),
  });
  expect(serviceOnWire("default/mail", reports, plans)).toEqual({
    layer2: [],
    bgp: [{ node: "n3", peers: ["tor1"] }],
    heard: new Set(["ipv4"]),
  });
  expect(serviceOnWire("default/none", reports, plans)).toEqual({ layer2: [], bgp: [], heard: new Set() });
  say("n1", [{ route: WIDE, peers: ["tor1"] }]);
  expect(serviceOnWire("default/mail", reports, plans).heard).toEqual(new Set(["ipv4"]));
  say("n3", [{ route: WIDE, peers: ["tor1"] }]);
  expect(serviceOnWire("default/mail", reports, plans).heard).toEqual(new Set(["ipv4", "ipv6"]));
});

test("a change concerns the Services of its groups and routes", () => {
  const concerned = (groups: string[], routes: string[]) =>
    [...servicesConcerned({ groups: new Set(groups), routes: new Set(routes) }, plans)].sort();
  expect(concerned(["10.64.1.1", "10.64.1.99"], [])).toEqual(["default/web"]);
  expect(concerned([], [FOR_TOR])).toEqual(["default/mail", "default/web"]);
  expect(concerned([], [])).toEqual([]);
});
