import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { parse, stringify } from "yaml";
import { z } from "zod";
import { planFleet } from "../../../fleet/plan";
import type { LiveCluster } from "../../../live/cluster";
import { parseOutputs } from "../../../live/outputs";
import { readStackFile } from "../../../live/stackFile";
import { readFleet } from "../../../ops/verify/read";
import { everyKindStackFile } from "../../../testing/everyKind";
import { LiveFleet } from "../../../testing/liveFleet";

const role = z.object({
  rules: z.array(
    z.object({
      apiGroups: z.array(z.string()),
      resources: z.array(z.string()),
      verbs: z.array(z.string()),
    }),
  ),
});

/** `get secrets`, `list servers.policy.linkerd.io`: the documented rights. */
function documented(): Set<string> {
  const [, block = ""] =
    /```yaml\n(apiVersion: rbac[^`]+)```/.exec(readFileSync("docs/verify.md", "utf8")) ?? [];
  const { rules } = role.parse(parse(block));
  return new Set(
    rules.flatMap(({ apiGroups, resources, verbs }) =>
      apiGroups.flatMap((group) =>
        resources.flatMap((resource) =>
          verbs.map((verb) => `${verb} ${group === "" ? resource : `${resource}.${group}`}`),
        ),
      ),
    ),
  );
}

/** The right that a read at a path takes; none for what every user may read. */
function rightOf(verb: string, path: string): string[] {
  const [, group, rest = ""] =
    /^\/(?:api|apis\/([^/]+))\/v[^/]+\/(?:namespaces\/[^/]+\/)?(.+)$/.exec(path.split("?")[0] ?? "") ?? [];
  const [resource] = rest.split("/");
  return resource ? [`${verb} ${group === undefined ? resource : `${resource}.${group}`}`] : [];
}

async function asked(provider: "own" | "cert-manager"): Promise<string[]> {
  const folder = mkdtempSync(join(tmpdir(), "linkerd-fleet-rights-"));
  const file = join(folder, "stack.yaml");
  writeFileSync(file, stringify(everyKindStackFile(provider)));
  const { config, problems } = readStackFile(file);
  rmSync(folder, { recursive: true });
  if (problems) throw new Error(JSON.stringify(problems));
  const fleet = await LiveFleet.of(planFleet(config));
  const rights: string[] = [];
  const recording = (live: LiveCluster): LiveCluster => ({
    ...live,
    get: (path, shape) => {
      rights.push(...rightOf("get", path));
      return live.get(path, shape);
    },
    list: (path, item) => {
      rights.push(...rightOf("list", path));
      return live.list(path, item);
    },
  });
  const clusters = new Map([...fleet.clusters()].map(([name, live]) => [name, recording(live)]));
  await readFleet(fleet.plan, parseOutputs(JSON.stringify(fleet.outputs())), clusters);
  return rights;
}

it("verify reads what its documented role lets it read, and the role gives no kind that it does not read", async () => {
  const read = new Set([...(await asked("own")), ...(await asked("cert-manager"))]);
  const rights = documented();
  expect([...read].filter((right) => !rights.has(right))).toEqual([]);
  const kinds = (of: Iterable<string>) => new Set([...of].map((right) => right.split(" ")[1]));
  expect(kinds(rights)).toEqual(kinds(read));
});
