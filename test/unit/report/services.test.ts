import { describe, expect, it } from "vitest";
import { isRisky, describe as tell } from "../../../ops/report/describe";
import { report } from "../../../ops/report/markdown";
import { readPreview } from "../../../ops/report/preview";
import { soundFleet } from "../../../testing/mistakes/sound";
import { type Change, previewOf } from "../../../testing/preview";

describe("the report of a preview", () => {
  it("tells a cluster that is evacuated, and how its callers' requests are divided", () => {
    const service = { cluster: "us", namespace: "shop", name: "checkout" };
    const exported = { ...service, modes: ["flat"], evacuated: false };
    const json = previewOf([
      {
        op: "update",
        type: "linkerd-fleet:service:ExportedService",
        name: "us-shop-checkout",
        before: exported,
        after: { ...exported, evacuated: true },
      },
      {
        op: "create",
        type: "linkerd-fleet:service:TrafficRoute",
        name: "us-shop-checkout-80",
        after: { ...service, backends: [{ cluster: "eu", service: "checkout-eu", weight: 1 }] },
      },
    ]);
    expect(tell(readPreview(json))).toEqual([
      {
        title: "Services that cross",
        lines: [
          { text: "shop/checkout of us: evacuated, serves no other cluster" },
          { text: "shop/checkout of us: callers' requests not divided → eu 1" },
        ],
      },
    ]);
  });

  describe("of a service that crosses to named clusters", () => {
    const exported = {
      cluster: "us",
      namespace: "shop",
      name: "checkout",
      modes: ["flat"],
      evacuated: false,
    };
    const linesOf = (before: object, after: object, op = "update") => {
      const type = "linkerd-fleet:service:ExportedService";
      const of = (more: object) => ({ ...exported, ...more });
      const json = previewOf([
        {
          op,
          type,
          name: "us-shop-checkout",
          ...(op === "create" ? {} : { before: of(before) }),
          after: of(after),
        },
      ]);
      return tell(readPreview(json)).flatMap(({ lines }) => lines);
    };
    const why = "more clusters see it";
    const to = (...names: string[]) => ({ to: { flat: names } });

    it.each<[string, object, object, object[]]>([
      ["more", to("eu"), to("apac", "eu"), [{ text: "crosses (flat) to apac as well", why }]],
      [
        "fewer",
        to("apac", "eu"),
        to("eu"),
        [{ text: "crosses (flat) to apac no longer: callers there lose it" }],
      ],
      ["all again", to("eu"), {}, [{ text: "crosses (flat) to every linked cluster, not only to eu", why }]],
      [
        "not all any more",
        {},
        to("eu"),
        [{ text: "crosses (flat) to eu only: callers in other clusters lose it" }],
      ],
      [
        "all, in another mode",
        to("eu"),
        { modes: ["gateway"] },
        [
          { text: "crosses (gateway) to every linked cluster, not only to eu", why },
          { text: "flat → gateway" },
        ],
      ],
    ])("says that they are %s, and stops for more", (_, before, after, lines) => {
      expect(linesOf(before, after)).toEqual(
        lines.map((line) => ({ ...line, text: `shop/checkout of us: ${"text" in line ? line.text : ""}` })),
      );
    });

    it("names them when it is new", () => {
      expect(linesOf({}, to("eu"), "create")).toEqual([
        { text: "shop/checkout of us crosses from now on (flat), only to eu" },
      ]);
    });

    it("tells a link of another stack's service, which only its selector knows", () => {
      const link = { source: "eu", target: "us", modes: ["flat"], state: "active" };
      const step = { op: "update", type: "linkerd-fleet:link:Link", name: "eu-to-us" };
      const selects = { selects: { flat: [{ namespace: "shop", name: "checkout" }] } };
      const lines = (...steps: Change[]) => tell(readPreview(previewOf(steps))).flatMap((of) => of.lines);
      const gains = { ...step, before: link, after: { ...link, ...selects } };
      expect(lines(gains)).toEqual([{ text: "eu → us takes shop/checkout of us as well" }]);
      expect(lines({ ...step, before: { ...link, ...selects }, after: link })).toEqual([
        { text: "eu → us does not take shop/checkout of us any more" },
      ]);
      const type = "linkerd-fleet:service:ExportedService";
      const service = {
        op: "update",
        type,
        name: "s",
        before: exported,
        after: { ...exported, ...to("eu") },
      };
      expect(lines(gains, service)).toHaveLength(1);
    });
  });
});

describe("a default that is newer than a service", () => {
  const preview = (services: object[], last: object[] | undefined): string => {
    const sections = { ...soundFleet(), services };
    const config = Object.entries(sections).map(([key, value]) => [`linkerd-fleet:${key}`, value]);
    const before = last && { oldState: { inputs: {}, outputs: { services: last } } };
    const urn = "urn:pulumi:dev::linkerd-fleet::pulumi:pulumi:Stack::linkerd-fleet-dev";
    return JSON.stringify({
      config: Object.fromEntries(config.map(([key, value]) => [key, JSON.stringify(value)])),
      steps: [{ op: "same", urn, ...before, diffReasons: null }],
      diagnostics: [],
    });
  };
  const older = {
    namespace: "shop",
    name: "checkout",
    modes: ["federated"],
    clusters: ["us", "eu"],
    callers: [],
  };
  const { services } = soundFleet();

  it("is told of the service, and of no other", () => {
    const told = report(readPreview(preview(services, [older])), "dev");
    expect(told).toContain("shop/checkout: callers go on calling members that fail");
    expect(isRisky(tell(readPreview(preview(services, [older]))))).toBe(false);
    const said = services.map((one: object) => ({ ...one, failureAccrual: { mode: "none" } }));
    for (const [file, last] of [
      [services, undefined],
      [services, [{ ...older, accrual: "default" }]],
      [said, [older]],
    ] as const) {
      expect(readPreview(preview([...file], last && [...last])).withoutAccrual).toEqual([]);
    }
  });
});
