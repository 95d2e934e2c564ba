import { describe, expect, it } from "vitest";
import { deploymentOf } from "../../../fleet/outputs/deployed";
import type { Deployment } from "../../../fleet/outputs/schema";
import { planFleet } from "../../../fleet/plan";
import { judgeTransition } from "../../../fleet/transition/judge";
import { configOf, type FleetInput } from "../../../testing/arbitraries";
import { soundFleet } from "../../../testing/mistakes/sound";
import { anchors, deployed, refused } from "../../../testing/steps";

describe("trust anchors", () => {
  it.each([
    [
      "a new one is staged",
      [["2026", "active"]],
      [
        ["2026", "active"],
        ["2027", "staged"],
      ],
    ],
    [
      "a staged one becomes active",
      [
        ["2026", "active"],
        ["2027", "staged"],
      ],
      [
        ["2026", "retiring"],
        ["2027", "active"],
      ],
    ],
    [
      "a rotation is taken back",
      [
        ["2026", "retiring"],
        ["2027", "active"],
      ],
      [
        ["2026", "active"],
        ["2027", "retiring"],
      ],
    ],
    [
      "a retiring one goes",
      [
        ["2026", "retiring"],
        ["2027", "active"],
      ],
      [["2027", "active"]],
    ],
    [
      "the order of the bundle changes",
      [
        ["2026", "retiring"],
        ["2027", "active"],
      ],
      [
        ["2027", "active"],
        ["2026", "retiring"],
      ],
    ],
  ] as [string, [string, string][], [string, string][]][])("pass: %s", (_, before, after) => {
    expect(refused(anchors(...after), anchors(...before))).toEqual([]);
  });

  it("the signing anchor is not dropped, also when a trusted one takes over", () => {
    expect(refused(anchors(["2027", "active"]), anchors(["2026", "active"], ["2027", "staged"]))).toEqual([
      "drop-signing-anchor: trust anchor 2026",
    ]);
  });

  it("an anchor signs only after a deployment in which every cluster trusted it", () => {
    expect(refused(anchors(["2026", "retiring"], ["2027", "active"]))).toEqual([
      "switch-anchor-early: trust anchor 2027",
    ]);
  });

  it("a swap in one step is refused on both sides", () => {
    expect(refused(anchors(["2027", "active"]))).toEqual([
      "drop-signing-anchor: trust anchor 2026",
      "switch-anchor-early: trust anchor 2027",
    ]);
  });

  // An `up` that made it active and failed half-way leaves no outputs, but issuers that chain to it.
  it("a staged anchor goes by way of retiring only", () => {
    const staged = anchors(["2026", "active"], ["2027", "staged"]);
    expect(refused(anchors(["2026", "active"]), staged)).toEqual(["drop-signing-anchor: trust anchor 2027"]);
    expect(refused(anchors(["2026", "active"], ["2027", "retiring"]), staged)).toEqual([]);
  });

  it("another certificate under the same id is another anchor, another layout of it is not", () => {
    const pem = (body: string) => `-----BEGIN CERTIFICATE-----\n${body}\n-----END CERTIFICATE-----\n`;
    const last = deployed(soundFleet());
    const given = (certificate: string): Deployment => {
      const config = configOf(soundFleet() as FleetInput);
      const plan = planFleet(config);
      return deploymentOf({
        ...plan,
        trust: { ...plan.trust, anchors: plan.trust.anchors.map((anchor) => ({ ...anchor, certificate })) },
      });
    };
    const replaced = [
      "drop-signing-anchor: trust anchor 2026, by giving it another certificate",
      "switch-anchor-early: trust anchor 2026",
    ];
    const judged = (before: Deployment, after: Deployment) =>
      judgeTransition(before, after).map(({ rule, what }) => `${rule}: ${what}`);
    expect(judged(given(pem("A")), given(pem("B")))).toEqual(replaced);
    expect(judged(last, given(pem("A")))).toEqual(replaced);
    expect(judged(given(pem("A")), given(`\r\n${pem("A").replaceAll("\n", "\r\n")}`))).toEqual([]);
  });
});
