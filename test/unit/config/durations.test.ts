import { describe, expect, it } from "vitest";
import { toldAfter } from "../../../testing/mistakes/sound";

describe("a duration", () => {
  const GO_HOURS = 2_562_047;
  type Trust = Record<string, unknown>;
  type Row = readonly [what: string, trust: Trust, path: string | undefined, word: string];
  const rows: readonly Row[] = [
    ["anchor as long as Go counts", { anchor: GO_HOURS }, undefined, ""],
    ["anchor longer than Go counts", { anchor: GO_HOURS + 1 }, "trust.anchors[0].lifetimeHours", "2562047"],
    ["anchor of 300 years", { anchor: 2_628_000 }, "trust.anchors[0].lifetimeHours", "2562047"],
    [
      "issuer longer than Go counts",
      { anchor: GO_HOURS, issuer: { lifetimeHours: GO_HOURS + 1 } },
      "trust.issuer.lifetimeHours",
      "2562047",
    ],
    [
      "issuer longer than its anchor",
      { issuer: { lifetimeHours: 87_601 } },
      "trust.anchors[0].lifetimeHours",
      "longer",
    ],
    ["issuer as long as its anchor", { issuer: { lifetimeHours: 87_600 } }, undefined, ""],
    [
      "webhooks whose authority is as long as Go counts",
      { webhooks: { lifetimeHours: 256_204 } },
      undefined,
      "",
    ],
    [
      "webhooks whose authority is longer than Go counts",
      { webhooks: { lifetimeHours: 256_205 } },
      "trust.webhooks.lifetimeHours",
      "256204",
    ],
    [
      "webhooks of a hundred years",
      { webhooks: { lifetimeHours: 876_000 } },
      "trust.webhooks.lifetimeHours",
      "256204",
    ],
    ["issuer of no time", { issuer: { lifetimeHours: 0 } }, "trust.issuer.lifetimeHours", "1 or more"],
    [
      "issuer as long as its renewal",
      { issuer: { lifetimeHours: 1_440 } },
      "trust.issuer.renewBeforeHours",
      "later",
    ],
    [
      "webhooks shorter than their renewal",
      { webhooks: { lifetimeHours: 24 } },
      "trust.webhooks.renewBeforeHours",
      "later",
    ],
    ["fraction of hours", { issuer: { lifetimeHours: 8760.5 } }, "trust.issuer.lifetimeHours", "round"],
    [
      "number of hours that is text",
      { issuer: { lifetimeHours: "8760h" } },
      "trust.issuer.lifetimeHours",
      "quotes",
    ],
  ];
  it.each(rows)("%s", (_, { anchor, ...trust }, path, word) => {
    const messages = toldAfter((f) => {
      Object.assign(f.trust, trust);
      if (anchor !== undefined) f.trust.anchors[0].lifetimeHours = anchor;
    });
    expect(messages).toHaveLength(path === undefined ? 0 : 1);
    if (path !== undefined) expect(messages[0]?.startsWith(`${path}: `)).toBe(true);
    expect(messages.join()).toContain(word);
  });

  it.each([
    ["9s", "10 seconds"],
    ["121s", "2 minutes"],
    ["3m", "2 minutes"],
    ["99999999999999999999s", "2 minutes"],
    ["10s", undefined],
    ["120s", undefined],
    ["2m", undefined],
  ])("between two scrapes, %s", (scrapeInterval, word) => {
    const prometheus = { namespace: "monitoring", serviceAccount: "prometheus" };
    const messages = toldAfter((f) => (f.observability = { prometheus, scrapeInterval }));
    expect(messages).toHaveLength(word === undefined ? 0 : 1);
    expect(messages.join()).toContain(word ?? "");
  });
});
