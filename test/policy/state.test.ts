import { expect, it } from "vitest";
import { z } from "zod";
import type { Judged } from "../../policy/analyze";
import { analyze } from "../../policy/analyze";
import { profile } from "../../policy/profile";
import { readState } from "../../policy/state";
import { SECRET_SIGNATURE } from "../../testing/mocks";
import { CASES } from "./cases";
import { judgedOf } from "./judged";

/** What `pulumi stack export` writes: provider references with an id, secrets encrypted, the Stack first. */
function exported(fleet: readonly Judged[]) {
  const secret = { [SECRET_SIGNATURE]: "1b47061264138c4ac30d75fd1eb44270", ciphertext: "v1:abc" };
  const resources = fleet.map(({ provider, name: _, inputs, outputs, ...resource }) => ({
    ...resource,
    inputs: "data" in inputs && resource.type.endsWith(":Secret") ? { ...inputs, data: secret } : inputs,
    outputs: "data" in outputs && resource.type.endsWith(":Secret") ? { ...outputs, data: secret } : outputs,
    ...(provider && { provider: `${provider.urn}::ee3d2ab4-8b7a-4d4f-9f05-0c9ee1fbf2a8` }),
  }));
  return { version: 3, deployment: { resources } };
}

it("an exported state is judged with no engine and no cluster at hand", async () => {
  const fleet = await judgedOf("examples/three-regions.yaml");
  const kept = await analyze(readState(exported(fleet)));
  expect(kept.filter(({ level }) => level === "mandatory")).toEqual([]);
  for (const rule of ["links-declared", "server-denies"]) {
    const broken = CASES.find((one) => one.rule === rule)?.broken.apply(fleet) ?? [];
    const verdicts = await analyze(readState(exported(broken)));
    expect(verdicts.filter(({ level }) => level === "mandatory").map((one) => one.rule)).toContain(rule);
  }
});

it("a resource that is to be deleted is not judged", async () => {
  const fleet = await judgedOf("examples/three-regions.yaml");
  const state = exported(CASES.find(({ rule }) => rule === "server-denies")?.broken.apply(fleet) ?? []);
  const resources = state.deployment.resources.map((one) => ({
    ...one,
    delete: one.type.endsWith(":Server"),
  }));
  expect(readState({ deployment: { resources } }).some(({ type }) => type.endsWith(":Server"))).toBe(false);
});

it("a profile of the program outside the engine is refused for a rule that does not exist", () => {
  const misspelt = profile.safeParse({ fleet: { rules: { "version-skwe": { level: "advisory" } } } });
  expect(misspelt.error && z.prettifyError(misspelt.error)).toContain("version-skwe");
});
