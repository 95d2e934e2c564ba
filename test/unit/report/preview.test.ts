import { describe, expect, it } from "vitest";
import { Unreadable } from "../../../live/outputs";
import { describe as tell } from "../../../ops/report/describe";
import { readPreview } from "../../../ops/report/preview";
import { soundFleet } from "../../../testing/mistakes/sound";
import { good } from "../../../testing/mistakes/trust";
import { addCluster, previewOf } from "../../../testing/preview";

it("a fleet with secrets of its own is read from a preview, which blinds them", () => {
  const sections = soundFleet();
  sections.trust.anchors[0] = {
    id: "own",
    state: "active",
    certificate: good.pem,
    privateKey: { secret: "root" },
  };
  sections.clusters.eu.kubeconfig = { secret: "eu" };
  const values = Object.entries(sections).map(([key, value]) => [
    `linkerd-fleet:${key}`,
    JSON.stringify(value),
  ]);
  const config = {
    ...Object.fromEntries(values),
    "linkerd-fleet:root": "[secret]",
    "linkerd-fleet:eu": "[secret]",
  };
  expect(readPreview(JSON.stringify({ ...JSON.parse(previewOf([])), config })).after).toBeDefined();
});

describe("the report of a preview", () => {
  it("reads the engine's stream of events alike, with the rules that fired", () => {
    const { steps } = JSON.parse(addCluster) as { steps: Record<string, unknown>[] };
    const violation = {
      policyName: "no-any-identity",
      enforcementLevel: "mandatory",
      message: "<{%reset%}>anyone may call\nName the callers.",
    };
    const events: object[] = [
      { preludeEvent: { config: {} } },
      ...steps.map(({ oldState = null, newState = null, diffReasons, ...step }) => ({
        resourcePreEvent: { metadata: { ...step, old: oldState, new: newState, diffs: diffReasons } },
      })),
      { diagnosticEvent: { severity: "info", message: "no news" } },
      { policyEvent: violation },
      { policyEvent: { ...violation, policyName: "chart-source", enforcementLevel: "advisory" } },
    ];
    const stream = (of: object[]) => of.map((event) => `${JSON.stringify(event)}\n`).join("");
    const preview = readPreview(stream([...events, { cancelEvent: {} }]));
    expect(preview.steps).toEqual(readPreview(addCluster).steps);
    expect(tell(preview)[0]).toEqual({
      title: "Rules that fired",
      lines: [
        { text: "no-any-identity: anyone may call", why: "the engine refuses it" },
        { text: "chart-source: anyone may call" },
      ],
    });
    expect(() => readPreview(stream(events))).toThrow(/cut short/);
    expect(() => readPreview(stream(events).slice(0, -5))).toThrow(/cut short/);
  });

  it("refuses a preview that was cut short, and anything that is not a preview", () => {
    expect(() => readPreview(addCluster.slice(0, 200))).toThrow(Unreadable);
    expect(() => readPreview("error: no stack selected")).toThrow(/cut short/);
    expect(() => readPreview("{}")).toThrow(/list of steps/);
  });
});
