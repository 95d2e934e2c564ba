import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { buildTools } from "../../../lab/toolchain/build";
import { readState, writeState } from "../../../lab/toolchain/state";
import {
  buildArguments,
  type GoTool,
  goTools,
  kubernetesPlugin,
  toolVersion,
} from "../../../lab/toolchain/tools";

let folder: string;
let cache: string;
let tool: GoTool;
let lines: string[];

/** Puts a `go` on PATH that notes each build and does what `build` says; `$output` is the file it is to make. */
function fakeGo(build: string, version = "go1.26.1"): void {
  const script = `#!/bin/sh
if [ "$1" = env ]; then echo ${version}; exit; fi
[ "$1" = mod ] && download=yes
while [ $# -gt 1 ]; do [ "$1" = -o ] && output=$2; case $1 in -overlay=*) overlay=\${1#-overlay=};; esac; shift; done
echo "$1" >> "${folder}/builds"
${build}
`;
  fs.writeFileSync(path.join(folder, "go"), script, { mode: 0o755 });
  vi.stubEnv("PATH", `${folder}:/usr/bin:/bin`);
}

const builds = () => {
  const file = path.join(folder, "builds");
  return fs.existsSync(file) ? fs.readFileSync(file, "utf8").trim().split("\n") : [];
};
const program = () => path.join(cache, "bin", "helm");

/** One run of the lab: it knows only what an earlier one stored. */
const run = (progressEvery?: number) => {
  const state = readState(cache);
  return buildTools([tool], {
    cache,
    state,
    log: (line) => lines.push(line),
    save: () => writeState(cache, state),
    ...(progressEvery === undefined ? {} : { progressEvery }),
  });
};

beforeEach(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), "toolchain-"));
  cache = path.join(folder, "cache");
  fs.mkdirSync(cache);
  fs.writeFileSync(path.join(folder, "go.mod"), "module m\n\ngo 1.26\n\nrequire example.com/helm v3.1.4\n");
  fs.writeFileSync(path.join(folder, "go.sum"), "");
  tool = { name: "helm", folder, module: "example.com/helm", main: "cmd/helm", usualSeconds: 12 };
  lines = [];
});
afterEach(() => {
  vi.unstubAllEnvs();
  fs.rmSync(folder, { recursive: true });
});

describe("building the lab's programs", () => {
  test("happens once; a second run builds nothing and says nothing", async () => {
    fakeGo('echo helm > "$output"');
    await run();
    expect(fs.readFileSync(program(), "utf8")).toBe("helm\n");
    lines = [];
    await run();
    expect(builds()).toEqual(["example.com/helm/cmd/helm"]);
    expect(lines).toEqual([]);
  });

  test.each([
    ["go.mod", "module m\n\ngo 1.26\n\nrequire example.com/helm v3.1.5\n"],
    ["go.sum", "example.com/helm v3.1.4 h1:other\n"],
  ])("happens again when %s changes", async (file, text) => {
    fakeGo('echo helm > "$output"');
    await run();
    fs.writeFileSync(path.join(folder, file), text);
    await run();
    expect(builds()).toHaveLength(2);
  });

  test("happens again with another Go, and when the program was deleted", async () => {
    fakeGo('echo helm > "$output"');
    await run();
    fakeGo('echo helm > "$output"', "go1.26.2");
    await run();
    fs.rmSync(program());
    await run();
    expect(builds()).toHaveLength(3);
  });

  test("lays files of the module into a main package of our own, and happens again when that changes", async () => {
    fs.writeFileSync(path.join(folder, "main.go"), "package main\n");
    tool = { ...tool, main: ".", embeds: { "schema.json": "cmd/schema.json" } };
    fakeGo(`if [ "$download" ]; then echo '{"Dir":"/mod/helm"}'; else cat "$overlay" > "$output"; fi`);
    await run();
    expect(JSON.parse(fs.readFileSync(program(), "utf8"))).toEqual({
      Replace: { [path.join(folder, "schema.json")]: "/mod/helm/cmd/schema.json" },
    });
    expect(fs.readdirSync(path.join(cache, "bin"))).toEqual(["helm"]);
    expect(builds()).toEqual(["example.com/helm", "."]);
    await run();
    fs.writeFileSync(path.join(folder, "main.go"), "package main // changed\n");
    await run();
    expect(builds()).toHaveLength(4);
  });

  test("that fails shows what go said, keeps the old program and leaves no half one", async () => {
    fakeGo('echo old > "$output"');
    await run();
    fs.writeFileSync(path.join(folder, "go.sum"), "changed\n");
    fakeGo('echo half > "$output"; echo "undefined: kube.Client" >&2; exit 1');
    await expect(run()).rejects.toThrow(/Could not build helm from[\s\S]*undefined: kube\.Client/);
    expect(fs.readFileSync(program(), "utf8")).toBe("old\n");
    expect(fs.readdirSync(path.join(cache, "bin"))).toEqual(["helm"]);
    await expect(run()).rejects.toThrow("Could not build helm");
  });

  test("clears away what a killed run left half built", async () => {
    fs.mkdirSync(path.join(cache, "bin"));
    fs.writeFileSync(`${program()}.partial`, "half");
    fs.writeFileSync(path.join(cache, "bin", "etcd.partial"), "half");
    fakeGo('echo helm > "$output"');
    await run();
    expect(fs.readdirSync(path.join(cache, "bin"))).toEqual(["helm"]);
  });

  test("tells what is being built, how long it is going on and how long it took last time", async () => {
    fakeGo('sleep 0.3; echo helm > "$output"');
    await run(100);
    expect(lines[0]).toBe("Building 1 program with Go 1.26.1, once; this takes about 12 s.");
    expect(lines[1]).toBe("[1/1] helm v3.1.4: building, usually about 12 s");
    expect(lines[2]).toBe("[1/1] helm v3.1.4: 0 s");
    expect(lines.at(-1)).toMatch(/^\[1\/1\] helm v3\.1\.4: done in [01] s$/);
    fs.rmSync(program());
    lines = [];
    await run();
    expect(lines[1]).toMatch(/building, last time [01] s$/);
  });

  test("without Go says what to install, unless everything is there", async () => {
    vi.stubEnv("PATH", folder);
    await expect(run()).rejects.toThrow("there is no working go on PATH. Install Go 1.26 or newer");
    fakeGo('echo helm > "$output"');
    await run();
    vi.stubEnv("PATH", path.join(folder, "nothing"));
    await run();
    expect(builds()).toHaveLength(1);
  });

  test.each(["go1.25.9", "go1.9", "go0.99"])("refuses %s, which is too old", async (version) => {
    fakeGo('echo helm > "$output"', version);
    await expect(run()).rejects.toThrow(`the go on PATH is ${version.slice(2)}. Install Go 1.26 or newer`);
    expect(builds()).toEqual([]);
  });

  test.each(["go1.26", "go1.27.0", "go2.0"])("accepts %s", async (version) => {
    fakeGo('echo helm > "$output"', version);
    await run();
    expect(builds()).toHaveLength(1);
  });
});

describe("the pinned programs", () => {
  test("the kubernetes plugin gets the files it embeds and the version that the SDK asks for", () => {
    const version = JSON.parse(
      fs.readFileSync(require.resolve("@pulumi/kubernetes/package.json"), "utf8"),
    ).version;
    expect(toolVersion(kubernetesPlugin)).toMatch(/^v4\.0\.0-2026\d{10}-[0-9a-f]{12}$/);
    const args = buildArguments(kubernetesPlugin, "out", "overlay.json");
    expect(args.join(" ")).toContain(`provider/v4/pkg/version.Version=${version}`);
    expect(args).toContain("-overlay=overlay.json");
    expect(args.at(-1)).toBe(".");
    const main = fs.readFileSync(path.join(kubernetesPlugin.folder, "main.go"), "utf8");
    for (const file of Object.keys(kubernetesPlugin.embeds ?? {}))
      expect(main).toContain(`//go:embed ${file}\n`);
  });

  test.each(goTools.map((each) => [each.name, each] as const))(
    "%s is built by its module's go.mod",
    (_, each) => {
      expect(toolVersion(each)).toMatch(/^v\d+\.\d+\.\d+$/);
      const main = [each.module, each.main].filter(Boolean).join("/");
      expect(fs.readFileSync(path.join(each.folder, "go.mod"), "utf8")).toMatch(
        new RegExp(`^(tool )?\\s*${main}$`, "m"),
      );
    },
  );

  test("API servers and helm are told the Kubernetes version, or charts refuse them", () => {
    const flags = (name: string) =>
      goTools
        .filter((each) => each.name === name)
        .flatMap((each) => buildArguments(each, "out"))
        .join(" ");
    const version = toolVersion(goTools.find((each) => each.name === "kube-apiserver") ?? tool);
    const [, minor] = version.split(".");
    expect(flags("kube-apiserver")).toContain(`-X=k8s.io/component-base/version.gitVersion=${version}`);
    expect(flags("kube-apiserver")).toContain(`-X=k8s.io/component-base/version.gitMinor=${minor}`);
    expect(flags("helm")).toContain(`-X=helm.sh/helm/v3/pkg/chartutil.k8sVersionMinor=${minor}`);
  });
});
