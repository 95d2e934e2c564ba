import { afterAll, beforeAll, expect, test } from "vitest";
import { TestLab } from "./harness";

let lab: TestLab;
beforeAll(async () => {
  lab = await TestLab.create({ eu: { wave: 1 }, us: { wave: 2 } });
  lab.edit((config) => {
    config["linkerd-fleet:services"] = [];
  });
  const first = await lab.cli();
  expect(first.stderr).toBe("");
});
afterAll(() => lab?.remove());

/** Helm's revisions of a release. */
async function revisions(cluster: string, release: string): Promise<number> {
  const selector = `-l=owner=helm,name=${release}`;
  const names = await lab.kubectl(cluster, "get", "secrets", "-n=linkerd", selector, "-o=name");
  return names.trim().split("\n").length;
}

function upgrade(values: Record<string, unknown>, ofEu: Record<string, unknown> = {}): void {
  lab.edit((config) => {
    const linkerd = config["linkerd-fleet:linkerd"] as object;
    config["linkerd-fleet:linkerd"] = { ...linkerd, charts: { controlPlane: { values } } };
    const { eu } = config["linkerd-fleet:clusters"];
    if (eu) eu.linkerd = { charts: { controlPlane: { values: ofEu } } };
  });
}

const up = () => lab.pulumi("up", "--yes", "--skip-preview", "--continue-on-error");

test("an upgrade that fails in wave 1 leaves wave 2 untouched", async () => {
  upgrade({ controllerLogLevel: "debug" }, { webhookFailurePolicy: "Maybe" });
  const failed = await up();
  expect(failed.code).not.toBe(0);
  expect(failed.stdout + failed.stderr).toContain("eu-linkerd-release");
  expect(await revisions("us", "linkerd-control-plane")).toBe(1);
});

test("mended, it goes on through all waves and leaves nothing to do", async () => {
  upgrade({ controllerLogLevel: "debug" });
  expect(await up()).toMatchObject({ code: 0 });
  expect(await revisions("us", "linkerd-control-plane")).toBe(2);
  expect(await lab.preview()).toEqual([]);
});
