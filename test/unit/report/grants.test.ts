import { describe, expect, it } from "vitest";
import { isRisky, describe as tell } from "../../../ops/report/describe";
import { report } from "../../../ops/report/markdown";
import { readPreview } from "../../../ops/report/preview";
import { GRANT, grant, previewOf, WEB } from "../../../testing/preview";

describe("the report of a preview", () => {
  it("tells a grant that is the same in several clusters once, and stops for anyone, not for a whole namespace", () => {
    const given = (cluster: string, caller: string) => ({
      op: "update",
      type: GRANT,
      name: `${cluster}-grant`,
      before: { ...grant([WEB]), cluster },
      after: { ...grant([caller, WEB]), cluster },
    });
    const namespace = "*.shop.serviceaccount.identity.linkerd.eu.example.com";
    const sections = tell(readPreview(previewOf([given("eu", namespace), given("us", namespace)])));
    expect(sections).toEqual([
      { title: "Who may call", lines: [{ text: `shop/checkout of eu, us: + ${namespace} (http)` }] },
    ]);
    expect(isRisky(tell(readPreview(previewOf([given("eu", "*")]))))).toBe(true);
  });

  it("tells a caller that may send some requests only from one that may send all", () => {
    const orders = { path: { type: "PathPrefix", value: "/orders" }, method: "GET" };
    const narrowed = {
      op: "update",
      type: GRANT,
      name: "us-grant",
      before: grant([WEB]),
      after: {
        ...grant([]),
        ports: [{ port: "http", callers: [], routes: [{ match: orders, callers: [WEB] }] }],
      },
    };
    expect(tell(readPreview(previewOf([narrowed])))[0]?.lines.map(({ text }) => text)).toEqual([
      `shop/checkout of us: + ${WEB} (http: GET /orders/*)`,
      `shop/checkout of us: − ${WEB} (http)`,
    ]);
  });

  it("says of a service without a grant that nobody from another cluster may call", () => {
    const closed = previewOf([{ op: "create", type: GRANT, name: "g", after: grant([]) }]);
    expect(report(readPreview(closed), "dev")).toContain(
      "shop/checkout of us: nobody from another cluster may call",
    );
  });

  describe("of callers of a service's own cluster", () => {
    const NETWORKS = ["10.1.0.0/16"];
    const none = { localChange: "closed" };
    const meshed = {
      local: { networks: NETWORKS, identities: ["*.identity.linkerd.us.example.com"] },
      localChange: "narrowed",
    };
    const named = { local: { networks: NETWORKS, identities: [WEB] }, localChange: "narrowed" };
    const linesOf = (after: object, before?: object) =>
      tell(
        readPreview(
          previewOf([
            { op: before ? "update" : "create", type: GRANT, name: "g", after, ...(before && { before }) },
          ]),
        ),
      ).flatMap(({ lines }) => lines.filter(({ text }) => text.includes("its own cluster")));
    const line = (text: string, why?: string) => ({
      text: `shop/checkout of us: ${text}`,
      ...(why && { why }),
    });
    const withPort = (of: ReturnType<typeof grant>) => ({
      ...of,
      ports: [...of.ports, { port: "admin", callers: [] }],
    });
    const CUT_OFF = line("callers of its own cluster are cut off", "local traffic stops");

    it("tells those whom a first export cuts off, and not those who keep what they had", () => {
      expect(linesOf(grant([WEB]))).toEqual([]);
      expect(linesOf(grant([WEB], { localChange: "kept" }))).toEqual([]);
      expect(linesOf(grant([WEB], none))).toEqual([CUT_OFF]);
      expect(linesOf(grant([WEB], named))).toEqual([
        line(`only ${WEB} of its own cluster may call`, "local traffic may stop"),
      ]);
      expect(linesOf(grant([WEB], { ...named, localChange: "opened" }))).toEqual([
        line(`${WEB} of its own cluster may call, against the default policy`),
      ]);
    });

    it("tells it once, and again only of what changes", () => {
      expect(linesOf(grant([WEB], none), grant([], none))).toEqual([]);
      expect(linesOf(grant([WEB], named), grant([], named))).toEqual([]);
      expect(linesOf(withPort(grant([], none)), grant([], none))).toEqual([
        line("callers of its own cluster are cut off at port admin", "local traffic stops"),
      ]);
      expect(linesOf(grant([], none), grant([]))).toEqual([CUT_OFF]);
    });

    it("stops for fewer callers, and not for more", () => {
      const fewer = [line("other callers of its own cluster than before", "local traffic may stop")];
      const more = [line("more callers of its own cluster than before")];
      expect(linesOf(grant([], meshed), grant([]))).toEqual(fewer);
      expect(linesOf(grant([], named), grant([], meshed))).toEqual(fewer);
      expect(linesOf(grant([], meshed), grant([], named))).toEqual(more);
      expect(linesOf(grant([]), grant([], named))).toEqual(more);
      expect(linesOf(grant([], named), grant([], none))).toEqual(more);
    });
  });

  describe("of an audit", () => {
    const audited = { ...grant([WEB]), enforce: "audit" };
    const linesOf = (before: object | undefined, after: object) =>
      tell(
        readPreview(
          previewOf([
            { op: before ? "update" : "create", type: GRANT, name: "g", ...(before && { before }), after },
          ]),
        ),
      ).flatMap(({ lines }) => lines);
    const opens = {
      text: "shop/checkout of us: audited, so that nobody is refused",
      why: "everybody may call, with or without a grant",
    };

    it("stops where it begins, with the service or later, and speaks of nobody that it keeps out", () => {
      expect(linesOf(grant([WEB]), audited)).toEqual([opens]);
      const closed = { ...grant([], { localChange: "closed" }), enforce: "audit" };
      expect(linesOf(undefined, closed)).toEqual([opens]);
      expect(linesOf(audited, audited)).toEqual([]);
    });

    it("stops where it ends, and says whom that keeps out", () => {
      const denies = {
        text: "shop/checkout of us: denies callers without a grant from now on",
        why: "callers whom the audit let in are refused: compare its count first",
      };
      expect(linesOf(audited, grant([WEB]))).toEqual([denies]);
      expect(
        linesOf(
          { ...grant([], { localChange: "closed" }), enforce: "audit" },
          grant([], { localChange: "closed" }),
        ),
      ).toEqual([
        denies,
        { text: "shop/checkout of us: nobody from another cluster may call" },
        { text: "shop/checkout of us: callers of its own cluster are cut off", why: "local traffic stops" },
      ]);
    });
  });
});
