import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { fleet } from "../../../ops/cli";
import { ENDINGS, type Ending } from "../../../ops/endings";
import { OLD_SCRIPTS, runOld } from "../../../ops/oldScripts";
import { VERBS } from "../../../ops/verbs";
import { printed } from "../../../testing/printed";

const folder = mkdtempSync(join(tmpdir(), "linkerd-fleet-command-"));
afterAll(() => rmSync(folder, { recursive: true }));

const said = printed();

/** The real program, in a process of its own. */
const spawned = (cwd: string, ...args: string[]) =>
  spawnSync(process.execPath, [resolve("ops/fleet.cjs"), ...args], { cwd, encoding: "utf8" });

describe("the help", () => {
  it("lists every verb, those that only read first, and tells which ones change something", async () => {
    expect(await fleet(["--help"])).toBe("well");
    const listed = said.stdout.split("\n").filter((line) => /^ {2}fleet /.test(line));
    const groups = new Set(VERBS.map(({ name }) => name.split(" ")[0]));
    expect(listed.map((line) => line.trim().split(/\s+/)[1])).toEqual([...groups, "completion"]);
    expect(VERBS.map(({ changes }) => changes !== false)).toEqual(
      VERBS.map(({ changes }) => changes !== false).sort(),
    );
    const changing = new Set(
      VERBS.filter(({ changes }) => changes !== false).map(({ name }) => name.split(" ")[0]),
    );
    // And once where the help says what it means.
    expect(said.stdout.match(/\[changes\]/g)).toHaveLength(changing.size + 1);
  });

  it.each(VERBS.map((verb) => [verb.name, verb] as const))("of %s says all of it", async (name, verb) => {
    expect(await fleet([...name.split(" "), "--help"])).toBe("well");
    const words = said.stdout.replaceAll(/\s+/g, " ");
    expect(words).toContain(`fleet ${name}`);
    expect(words).toContain(`${verb.summary}.`);
    expect(words).toContain(verb.changes === false ? "It is read-only." : `It changes ${verb.changes}.`);
    for (const option of Object.keys(verb.options)) expect(said.stdout).toContain(`--${option}`);
    expect(verb.examples.length).toBeGreaterThan(0);
    for (const [example] of verb.examples) expect(said.stdout).toContain(example);
    for (const { code } of Object.values(ENDINGS))
      expect(said.stdout).toMatch(new RegExp(`^  ${code}  [A-Z].*\\.$`, "m"));
    expect(said.stderr).toBe("");
  });

  it.each(
    VERBS.flatMap(({ name, options, examples }) => examples.map(([line]) => [line, name, options] as const)),
  )("gives an example that the verb takes: %s", (line, name, options) => {
    expect(line).toMatch(new RegExp(`(^|\\| npx )fleet ${name}( |$)`));
    const [, own = ""] = line.split(`fleet ${name}`);
    for (const [, option = ""] of own.replaceAll(/'[^']*'/g, "").matchAll(/ --([\w-]+)/g)) {
      expect(Object.keys(options)).toContain(option);
    }
  });

  it("and a check of a stack file load neither the Kubernetes client nor the Pulumi SDK", () => {
    const script = `
      require("tsx");
      require(${JSON.stringify(resolve("ops/cli"))})
        .fleet(JSON.parse(process.argv[1]))
        .then(() => console.log(Object.keys(require.cache).filter((file) => /client-node|@pulumi/.test(file)).length));`;
    for (const args of [["--help"], ["check", resolve("Pulumi.dev.yaml")]]) {
      const ran = spawnSync(process.execPath, ["-e", script, JSON.stringify(args)], { encoding: "utf8" });
      expect(ran.stdout.trim().split("\n").at(-1), ran.stderr).toBe("0");
    }
  });
});

describe("wrong usage", () => {
  it.each([
    ["no verb", [], "fleet: Name a verb."],
    ["a verb that is not there", ["verfy"], "fleet: There is no verb verfy. Did you mean verify?"],
    ["a verb that is like none", ["xyzzy"], "fleet: There is no verb xyzzy."],
    [
      "an option that is not there",
      ["verify", "--jsn"],
      "fleet verify: There is no option --jsn. Did you mean --json?",
    ],
    [
      "one with a value",
      ["rollout", "--paralel=3"],
      "fleet rollout: There is no option --paralel. Did you mean --parallel?",
    ],
    ["an argument too many", ["verify", "prod"], 'fleet verify: It takes no "prod".'],
    ["an argument too few", ["adopt"], "fleet adopt: It needs <cluster..>."],
    ["a group without its verb", ["state"], "Name a verb."],
    ["a verb of two words", ["state", "remove-cluster"], "fleet state remove-cluster: It needs <cluster>."],
    ["a value that is none", ["report", "--fail-on", "rsky"], "fleet report: Invalid values"],
    ["a number that is none", ["verify", "--every", "often"], "--every takes a number of seconds"],
  ])("is told in words: %s", async (_, args, words) => {
    expect(await fleet(args)).toBe("notBegun");
    expect(said.stderr).toContain(words);
    expect(said.stderr).not.toMatch(/^\s+at /m);
    expect(said.stdout).toBe("");
  });
});

describe("shell completion", () => {
  it("knows the verbs, those of a group, and the options of a verb", async () => {
    await fleet(["--get-yargs-completions", "fleet", ""]);
    expect(said.stdout.split("\n")).toEqual(expect.arrayContaining(["check", "verify", "state"]));
    said.stdout = "";
    await fleet(["--get-yargs-completions", "fleet", "state", ""]);
    expect(said.stdout).toBe("remove-cluster\n");
    said.stdout = "";
    await fleet(["--get-yargs-completions", "fleet", "verify", "--j"]);
    expect(said.stdout.split("\n")).toEqual(expect.arrayContaining(["--json", "--junit"]));
  });

  it("comes as a script for bash", async () => {
    expect(await fleet(["completion"])).toBe("well");
    expect(said.stdout).toContain("complete -o bashdefault -o default -F _fleet_yargs_completions fleet");
  });
});

describe("exit codes", () => {
  it("are one table", () => {
    const codes = Object.entries(ENDINGS).map(([ending, { code }]) => [ending, code]);
    expect(Object.fromEntries(codes)).toEqual({ well: 0, attention: 1, broken: 2, notBegun: 3 });
  });

  it("are those of the process", () => {
    expect(spawned(".", "verfy")).toMatchObject({ status: ENDINGS.notBegun.code, stdout: "" });
    expect(spawned(".", "--version")).toMatchObject({ status: ENDINGS.well.code, stderr: "" });
  });
});

describe("the npm scripts of before", () => {
  /** Exit codes as they were: well, attention, broken, could not begin. */
  const WERE: Readonly<Record<string, readonly number[]>> = {
    verify: [0, 1, 2, 3],
    gateways: [0, 1, 2, 3],
    services: [0, 1, 2, 3],
    expiry: [0, 1, 2, 3],
    poc: [0, 1, 2, 3],
    graph: [0, 1, 2, 2],
    report: [0, 3, 2, 2],
    rotation: [0, 1, 2, 2],
    rollout: [0, 1, 1, 2],
    recover: [0, 1, 2, 2],
    drained: [0, 1, 2, 2],
    existing: [0, 1, 2, 2],
    forget: [0, 1, 2, 2],
  };

  it("are all there", () => {
    const { scripts } = JSON.parse(readFileSync("package.json", "utf8"));
    expect(Object.keys(OLD_SCRIPTS).sort()).toEqual(Object.keys(WERE).sort());
    for (const script of Object.keys(WERE)) expect(scripts[script]).toBe(`tsx ops/oldScripts.ts ${script}`);
  });

  it.each(Object.entries(WERE))("%s ends with its old exit codes", async (script, codes) => {
    const endings = Object.keys(ENDINGS) as Ending[];
    expect(endings.map((ending) => OLD_SCRIPTS[script]?.codes?.[ending] ?? ENDINGS[ending].code)).toEqual(
      codes,
    );
    expect(await runOld(script, ["--no-such-option"])).toBe(codes[3]);
    expect(said.stderr).toContain(`use \`npx fleet ${OLD_SCRIPTS[script]?.verb}\``);
  });

  it("run as a program, with their arguments", () => {
    const ran = spawnSync(
      process.execPath,
      ["--import", "tsx", "ops/oldScripts.ts", "graph", "missing.yaml"],
      {
        encoding: "utf8",
      },
    );
    expect(ran).toMatchObject({ status: 2, stderr: expect.stringContaining("missing.yaml cannot be read") });
  });
});
