import { describe, expect, it } from "vitest";
import { usesOf } from "../../../fleet/stacks/uses";

const own = new Set(["us-1", "us-2"]);
const link = (source: string, target: string, state = "active") => ({ source, target, modes: [], state });
const plan = (...names: string[]) => ({
  schema: 2,
  anchors: [],
  clusters: Object.fromEntries(
    names.map((name) => [
      name,
      {
        apiServer: `https://${name}.example.com`,
        trustDomain: "cluster.local",
        clusterDomain: "cluster.local",
        controlPlaneNamespace: "linkerd",
        wave: 1,
        ha: false,
        charts: { crds: "1", controlPlane: "1", multicluster: "1" },
      },
    ]),
  ),
});

describe("what another stack uses", () => {
  it("are its links into the clusters of this one, and its clusters", () => {
    const links = {
      "eu-1/us-1": link("eu-1", "us-1"),
      "eu-1/us-2": link("eu-1", "us-2", "pending"),
      "eu-1/eu-2": link("eu-1", "eu-2"),
    };
    const uses = { links: ["eu-1 → us-1"], clusters: ["eu-1", "eu-2"] };
    expect(usesOf({ plan: plan("eu-1", "eu-2"), links }, own)).toEqual(uses);
    // As another program exports them.
    expect(usesOf({ mesh: { plan: plan("eu-1", "eu-2"), links } }, own)).toEqual(uses);
  });

  it("is nothing once it was destroyed, or where it was never deployed", () => {
    expect(usesOf({}, own)).toEqual({ links: [], clusters: [] });
  });
});
