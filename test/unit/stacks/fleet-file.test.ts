import { describe, expect, it } from "vitest";
import { gatherSections } from "../../../fleet/config/fleetFile";
import { parseFleetConfig } from "../../../fleet/config/parse";
import { soundFleet } from "../../../testing/mistakes/sound";

describe("one fleet file for all stacks", () => {
  const gather = (values: object, text: string) =>
    gatherSections({ ...values }, () => Buffer.from(text, "latin1"));

  it("holds the sections that the stack file does not", () => {
    const { values, problems } = gather({ fleet: "fleet.yaml", allowUnsafe: [] }, "topology: { kind: mesh }");
    expect(values).toEqual({ allowUnsafe: [], topology: { kind: "mesh" } });
    expect(problems).toEqual([]);
  });

  it.each([
    ["a section in both", { fleet: "f.yaml", clusters: {} }, "clusters: {}", "clusters"],
    ["text that is no YAML", { fleet: "f.yaml" }, "a: [", "f.yaml, line 1, column 5"],
    ["a list", { fleet: "f.yaml" }, "[]", "fleet"],
    ["a path that is none", { fleet: 3 }, "", "fleet"],
    ["text in another encoding", { fleet: "f.yaml" }, "clusters: { m\u00fcnchen: {} }", "fleet"],
  ])("is refused with its path: %s", (_, values, text, path) => {
    expect(gather(values, text).problems.map((problem) => problem.path)).toEqual([path]);
  });

  it("that cannot be read is one problem: the sections in it are not missing", () => {
    const gathered = gather({ fleet: "f.yaml", linkerd: { version: "2026.8.3" } }, "a: [");
    const { problems } = parseFleetConfig({ ...gathered, secretKeys: new Set() });
    expect(problems?.map(({ path }) => path)).toEqual(["f.yaml, line 1, column 5"]);
  });

  const problemsOf = (change: (fleet: ReturnType<typeof soundFleet>) => void, stack?: string) => {
    const fleet = soundFleet();
    fleet.trust.stack = "prod-us";
    for (const [name, of] of Object.entries<Record<string, unknown>>(fleet.clusters))
      of.stack = `prod-${name}`;
    change(fleet);
    const parsed = parseFleetConfig({
      values: fleet,
      secretKeys: new Set(),
      ...(stack === undefined ? {} : { stack }),
    });
    return (parsed.problems ?? []).map(({ path }) => path);
  };

  it("says of every cluster which stack it is of, and who makes the anchors", () => {
    expect(problemsOf(() => {})).toEqual([]);
    expect(problemsOf(({ clusters }) => delete clusters.eu.stack)).toEqual(["clusters.eu.stack"]);
    expect(problemsOf(({ trust }) => delete trust.stack)).toEqual(["trust.stack"]);
    expect(problemsOf(() => {}, "acme/fleet/prod-mars")).toEqual(["clusters"]);
  });

  it("asks a stack for the secrets of its own clusters only", () => {
    const secret = ({ clusters }: ReturnType<typeof soundFleet>) => {
      clusters.eu.kubeconfig = { secret: "kubeconfig-eu" };
    };
    expect(problemsOf(secret, "acme/fleet/prod-eu")).toEqual(["clusters.eu.kubeconfig.secret"]);
    expect(problemsOf(secret, "acme/fleet/prod-us")).toEqual([]);
  });

  it("takes no kubeconfig from its own outputs", () => {
    const own = ({ clusters }: ReturnType<typeof soundFleet>) => {
      clusters.eu.kubeconfig = { stack: "prod-eu", output: "kubeconfig" };
    };
    expect(problemsOf(own, "acme/fleet/prod-eu")).toEqual(["clusters.eu.kubeconfig.stack"]);
    expect(problemsOf(own, "acme/fleet/prod-us")).toEqual([]);
    expect(problemsOf(own)).toEqual([]);
  });
});
