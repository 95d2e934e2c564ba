import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { LETS_PASS } from "../../../fleet/transition/refusals";
import { isRisky, describe as tell } from "../../../ops/report/describe";
import { report } from "../../../ops/report/markdown";
import { readPreview } from "../../../ops/report/preview";
import {
  AUTHENTICATION,
  addCluster,
  type Change,
  LINK,
  link,
  previewOf,
  RELEASE,
} from "../../../testing/preview";

const ROOT = "linkerd-fleet:trust:TrustAnchor$tls:index/selfSignedCert:SelfSignedCert";

describe("the report of a preview", () => {
  it.each<[string, Change]>([
    ["an undrained link", link("us", "eu", "delete")],
    ["a replaced Helm release", { op: "replace", type: RELEASE, name: "us-linkerd-crds", cluster: "us" }],
    ["a Link made anew", { op: "replace", type: LINK, name: "us-to-eu-link", cluster: "us" }],
    [
      "a namespace that goes",
      { op: "delete", type: "kubernetes:core/v1:Namespace", name: "us-linkerd-namespace", cluster: "us" },
    ],
    ["a trust anchor that goes", { op: "delete", type: ROOT, name: "trust-2026-certificate" }],
    [
      "a new root under the name of the one before, in a Fleet of a program of one's own",
      { op: "replace", type: ROOT, name: "blue-trust-2026-certificate" },
    ],
    [
      "a grant to anyone",
      { op: "create", type: AUTHENTICATION, name: "any", after: { spec: { identities: ["*"] } } },
    ],
  ])("makes a reviewer stop at %s", (_, change) => {
    expect(isRisky(tell(readPreview(previewOf([change]))))).toBe(true);
  });

  it("does not cry over a drained link, nor over what goes with a removed cluster", () => {
    const json = previewOf([
      link("us", "eu", "delete", "draining"),
      { op: "delete", type: LINK, name: "us-to-eu-link", cluster: "us" },
      { op: "delete", type: "linkerd-fleet:cluster:Cluster", name: "eu", before: {} },
      { op: "delete", type: RELEASE, name: "eu-linkerd-crds", cluster: "eu" },
      { op: "delete", type: "pulumi:providers:kubernetes", name: "eu" },
    ]);
    expect(isRisky(tell(readPreview(json)))).toBe(false);
  });

  it("stops for a preview that fails and for what allowUnsafe lets pass, not for another warning", () => {
    const message = (severity: string, text: string) =>
      tell(readPreview(previewOf([], [{ severity, message: text }])));
    expect(message("error", "This step is not safe.\n  rename-cluster: eu")).toEqual([
      {
        title: "Rules that fired",
        lines: [{ text: "This step is not safe.\n  rename-cluster: eu", why: "the preview fails" }],
      },
    ]);
    expect(
      report(readPreview(previewOf([], [{ severity: "error", message: "Not safe.\n  eu" }])), "dev"),
    ).toContain("- Not safe. (the preview fails)\n  eu\n");
    expect(isRisky(message("warning", `${LETS_PASS} rename-cluster: eu`))).toBe(true);
    expect(isRisky(message("warning", "allowUnsafe: nothing is in the way of rename-cluster any more"))).toBe(
      false,
    );
    expect(message("info", "no news")).toEqual([]);
  });
});

describe("fleet report", () => {
  const run = (input: string, ...args: string[]) =>
    spawnSync(process.execPath, [join("ops", "fleet.cjs"), "report", ...args], {
      input,
      encoding: "utf8",
    });

  it("ends with 0 for a plain preview, 1 for a risky one when asked to, 3 for an unreadable one", () => {
    expect(run(addCluster, "--fail-on", "risky").status).toBe(0);
    const risky = previewOf([link("us", "eu", "delete")]);
    expect(run(risky).status).toBe(0);
    expect(run(risky, "--fail-on", "risky").status).toBe(1);
    const refused = previewOf([], [{ severity: "error", message: "rename-cluster: eu, now europe" }]);
    expect(run(refused, "--fail-on", "risky").status).toBe(1);
    const unreadable = run("{");
    expect(unreadable.status).toBe(3);
    expect(unreadable.stderr).not.toContain("    at ");
  });
});
