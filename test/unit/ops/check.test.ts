import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { stringify } from "yaml";
import { fleet } from "../../../ops/cli";
import { soundFleet } from "../../../testing/mistakes/sound";
import { STACK_FILES } from "../../../testing/plans/files";
import { printed } from "../../../testing/printed";

const folder = mkdtempSync(join(tmpdir(), "linkerd-fleet-check-"));
afterAll(() => rmSync(folder, { recursive: true }));

const said = printed();

/** The real program, in a process of its own. */
const spawned = (cwd: string, ...args: string[]) =>
  spawnSync(process.execPath, [resolve("ops/fleet.cjs"), ...args], { cwd, encoding: "utf8" });

describe("fleet check", () => {
  const write = (name: string, text: string) => {
    const path = join(folder, name);
    writeFileSync(path, text);
    return path;
  };
  const stackFile = (change: (sections: ReturnType<typeof soundFleet>) => void = () => undefined) => {
    const sections = soundFleet();
    change(sections);
    return stringify({
      config: Object.fromEntries(Object.entries(sections).map(([key, of]) => [`linkerd-fleet:${key}`, of])),
    });
  };
  const sound = write("Pulumi.sound.yaml", stackFile());
  const broken = write(
    "Pulumi.broken.yaml",
    stackFile((f) => {
      f.topolgy = { kind: "mesh" };
      f.clusters.us.password = "x";
    }),
  );

  it("finds nothing in any stack file of the repository", async () => {
    expect(await fleet(["check", ...STACK_FILES])).toBe("well");
    expect(said.stdout.split("\n").filter(Boolean)).toEqual(
      STACK_FILES.map((file) => `${file}: no problems`),
    );
  });

  it("reports every problem of every file, each with its path and what to write", async () => {
    const other = write(
      "other.yaml",
      stackFile((f) => delete f.linkerd),
    );
    expect(await fleet(["check", broken, sound, other])).toBe("attention");
    expect(said.stdout).toContain(`${broken} has 2 problems:`);
    expect(said.stdout).toMatch(/^ {2}clusters\.us\.password\n {4}.*\n {4}→ remove it/m);
    expect(said.stdout).toMatch(/^ {2}topolgy\n/m);
    expect(said.stdout).toContain(`${sound}: no problems`);
    expect(said.stdout).toContain(`${other} has 1 problem:`);
  });

  it("prints the same as JSON", async () => {
    expect(await fleet(["check", "--json", broken, sound])).toBe("attention");
    expect(JSON.parse(said.stdout)).toEqual([
      {
        file: broken,
        problems: [
          {
            path: "clusters.us.password",
            problem: expect.any(String),
            fix: expect.stringContaining("remove it"),
          },
          { path: "topolgy", problem: expect.any(String), fix: expect.stringContaining("topology") },
        ],
      },
      { file: sound, problems: [] },
    ]);
  });

  it.each([
    ["a bracket that is not closed", "config:\n  a: [1, 2\n  b: 3\n", /line \d, column \d/],
    ["a key that stands twice", "config:\n  a: 1\n  a: 2\n", /line 3, column 3\n.*duplicate key/],
    ["an alias of nothing", "config:\n  a: *planted-secret\n", /alias/],
    [
      "the sections of another program",
      "config:\n  fleet:clusters: {}\n",
      /write linkerd-fleet:clusters for fleet:clusters/,
    ],
    ["a file that is empty", "", /has no key of this program/],
    [
      "a section that is encrypted",
      "config:\n  linkerd-fleet:linkerd: { secure: v1:x }\n  linkerd-fleet:trust: { secure: v1:x }\n" +
        "  linkerd-fleet:clusters: { secure: v1:x }\n",
      /has 3 problems:\n.*\n +is encrypted as a whole/,
    ],
  ])("names the place of %s, and quotes nothing of the file", async (_, text, words) => {
    const file = write("yaml.yaml", `${text}# planted-secret\n`);
    expect(await fleet(["check", file])).toBe("attention");
    expect(said.stdout).toMatch(words);
    expect(said.stdout + said.stderr).not.toContain("planted-secret");
  });

  it("reads UTF-16 as the engine does, and tells of a file that is no UTF-8", async () => {
    const file = join(folder, "utf16.yaml");
    writeFileSync(file, Buffer.from("\ufeffconfig: {}\n", "utf16le"));
    expect(await fleet(["check", file])).toBe("attention");
    expect(said.stdout).toContain("has no key of this program");
    writeFileSync(file, Buffer.from("# f\xfcr uns\nconfig: {}\n", "latin1"));
    expect(await fleet(["check", file])).toBe("notBegun");
    expect(said.stderr).toContain("is no UTF-8 text: save it as UTF-8");
  });

  it("judges the other files, too, where one cannot be read", async () => {
    expect(await fleet(["check", "missing.yaml", broken])).toBe("notBegun");
    expect(said.stderr).toBe("missing.yaml cannot be read.\n");
    expect(said.stdout).toContain(`${broken} has 2 problems`);
  });

  it("takes every stack file of the folder, or that of a stack, with no engine at hand", () => {
    const all = spawned(folder, "check");
    expect(all.stdout).toContain("Pulumi.broken.yaml has 2 problems");
    expect(all).toMatchObject({
      status: 1,
      stderr: "",
      stdout: expect.stringContaining("Pulumi.sound.yaml: no problems"),
    });
    expect(spawned(folder, "check", "--stack", "acme/fleet/sound").status).toBe(0);
    const empty = spawned(resolve("docs"), "check");
    expect(empty).toMatchObject({
      status: 3,
      stderr: expect.stringContaining("There is no Pulumi.<stack>.yaml"),
    });
  });
});

describe("fleet plan", () => {
  it.each(STACK_FILES)("tells what %s makes", async (file) => {
    expect(await fleet(["plan", file])).toBe("well");
    expect(said.stdout).toMatch(/^\d+ clusters\n/);
    said.stdout = "";
    expect(await fleet(["plan", file, "--json"])).toBe("well");
    const { clusters, links, services, grants, accesses } = JSON.parse(said.stdout);
    expect(Object.keys(clusters).length).toBeGreaterThan(1);
    expect(accesses.map(({ source, target }: Record<string, string>) => [source, target])).toEqual(
      links.map(({ source, target }: Record<string, string>) => [source, target]),
    );
    expect(grants.length).toBeGreaterThanOrEqual(services.length);
  });

  it("lists the problems of a file that has some", async () => {
    expect(await fleet(["plan", "package.json"])).toBe("attention");
    expect(said.stderr).toContain("package.json: The stack file has");
  });
});
