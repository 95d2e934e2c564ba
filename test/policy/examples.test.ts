import { existsSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { describe, expect, it } from "vitest";
import { analyze } from "../../policy/analyze";
import { profile } from "../../policy/profile";
import { STACK_FILES } from "../../testing/plans/files";
import { judgedOf } from "./judged";

/** Where a stack file is not judged as production is. */
const PROFILES: Readonly<Record<string, string>> = {
  // Runs on one machine.
  "Pulumi.dev.yaml": "dev",
  // Shops have one node, and know their callers by identity.
  "edge-node-ports.yaml": "edge",
  // Where a user starts: what only advises there is what is left to decide.
  "example-stack.yaml": "default",
};

/** `default`: no profile at all. */
function read(name: string) {
  const file = join("policy", "profiles", `${name}.json`);
  return profile.parse(existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : {});
}

describe.each(STACK_FILES)("%s", (stackFile) => {
  const name = PROFILES[basename(stackFile)] ?? "prod";

  it.each([
    ["as deployed", false],
    ["in a first preview", true],
  ])(`keeps every rule of profile ${name}, %s`, async (_, preview) => {
    const verdicts = await analyze(await judgedOf(stackFile, { preview }), read(name));
    const refused = verdicts.filter(({ level }) => level === "mandatory");
    expect(refused.map(({ rule, message, urn }) => `${rule}: ${urn.split("::").at(-1)}: ${message}`)).toEqual(
      [],
    );
  });
});
