import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseFleetConfig } from "../../../fleet/config/parse";
import type { Problem } from "../../../fleet/config/problems";
import { planFleet } from "../../../fleet/plan";
import { configOfProgram, type Given, replaced, unknownApiServer } from "../../../fleet/program/given";
import { configOf, fleetInputs, stack } from "../../../testing/arbitraries";
import { soundFleet } from "../../../testing/mistakes/sound";

const NO_STACK_FILE = stack({});
const NOTHING_GIVEN: Given = {
  ...{ kubeconfigs: [], providers: [], secrets: [], outputs: [] },
  apiServers: new Map(),
};

function problemsOf(sections: object, given: Partial<Given>, stackFile = NO_STACK_FILE): readonly Problem[] {
  const raw = configOfProgram({ ...sections }, { ...NOTHING_GIVEN, ...given }, stackFile);
  return parseFleetConfig(raw).problems ?? [];
}

describe("the sections of a program", () => {
  it("plan the same fleet as those of a stack file", () => {
    fc.assert(
      fc.property(fleetInputs(), (input) => {
        const { config } = parseFleetConfig(configOfProgram({ ...input }, NOTHING_GIVEN, NO_STACK_FILE));
        expect(config && planFleet(config)).toEqual(planFleet(configOf(input)));
      }),
      { numRuns: 30 },
    );
  });

  it("need no context where the program gives the kubeconfig: it is the cluster's name", () => {
    const { clusters, ...rest } = soundFleet();
    const unnamed = Object.fromEntries(
      Object.entries(clusters).map(([name, cluster]) => [name, { ...Object(cluster), context: undefined }]),
    );
    const without = JSON.parse(JSON.stringify({ ...rest, clusters: unnamed }));
    expect(problemsOf(without, {}).map(({ path }) => path)).toEqual([
      "clusters.apac.context",
      "clusters.eu.context",
      "clusters.us.context",
    ]);
    expect(problemsOf(without, { kubeconfigs: ["us", "eu"], providers: ["apac"] })).toEqual([]);
  });

  it("are sound while no address is known, and no value holds what stands for one", () => {
    const fleet = soundFleet();
    const names = Object.keys(fleet.clusters);
    const apiServers = new Map(names.map((name) => [name, undefined]));
    const raw = configOfProgram(fleet, { ...NOTHING_GIVEN, apiServers }, NO_STACK_FILE);
    const { config } = parseFleetConfig(raw);
    expect(Object.values(config?.clusters ?? {}).map(({ apiServer }) => apiServer)).toEqual(
      names.map(unknownApiServer),
    );
    const late = new Map(names.map((name) => [unknownApiServer(name), { late: name }]));
    const told = JSON.stringify(replaced(raw.values, late));
    expect(told).not.toContain(".invalid");
    expect(told).toContain('"apiServer":{"late":"us"}');
  });

  it("take secrets from the program, or from the stack, and both must be there", () => {
    const fleet = soundFleet();
    fleet.clusters.us.kubeconfig = { secret: "us" };
    fleet.clusters.eu.kubeconfig = { secret: "eu" };
    const inStack = stack({}, { eu: { secure: "" }, foreign: { secure: "" } });
    expect(problemsOf(fleet, { secrets: ["us"] }, inStack)).toEqual([]);
    expect(problemsOf(fleet, { secrets: ["us"] })).toMatchObject([
      { path: "clusters.eu.kubeconfig.secret", problem: "refers to eu, which is not set in this stack" },
    ]);
  });
});

const MISTAKES: readonly (readonly [Partial<Given>, string, RegExp])[] = [
  [{ kubeconfigs: ["mars"] }, "kubeconfigs.mars", /^name one of us, eu, apac$/],
  [{ kubeconfigs: ["apacc"] }, "kubeconfigs.apacc", /^did you mean apac\?$/],
  [{ kubeconfigs: ["us"], providers: ["us"] }, "providers.us", /^keep one of them$/],
  [{ kubeconfigs: ["eu"] }, "kubeconfigs.eu", /^keep one of them$/],
  [{ providers: ["us"] }, "clusters.us.adopt", /^give kubeconfigs\.us in place of providers\.us$/],
  [{ secrets: ["license"] }, "secrets.license", /^remove it/],
  [{ outputs: [["services", 0, "namespace"]] }, "services[0].namespace", /^write a plain value/],
  [
    { outputs: [["trust", "anchors", 0, "privateKey"]] },
    "trust.anchors[0].privateKey",
    /give the output as `secrets\.<key>`$/,
  ],
];

it.each(MISTAKES)("a program that gives %j is told at %s", (given, path, fix) => {
  const fleet = soundFleet();
  fleet.clusters.eu.kubeconfig = { stack: "acme/infra/eu", output: "kubeconfig" };
  if (path.endsWith(".adopt")) fleet.clusters.us.adopt = { releases: [] };
  const problems = problemsOf(fleet, given).filter((problem) => problem.path !== "clusters.us.issuer");
  expect(problems.map(({ path }) => path)).toEqual([path]);
  expect(problems[0]?.fix).toMatch(fix);
});

it("a stack file to which a program gives nothing is read as it stands", () => {
  fc.assert(
    fc.property(fleetInputs(), (input) => {
      const raw = stack(input, { spare: { secure: "" } });
      expect(parseFleetConfig(configOfProgram(undefined, NOTHING_GIVEN, raw))).toEqual(parseFleetConfig(raw));
    }),
    { numRuns: 30 },
  );
});
