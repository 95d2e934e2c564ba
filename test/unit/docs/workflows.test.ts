import { spawnSync } from "node:child_process";
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { parse } from "yaml";

const folder = join(__dirname, "..", "..", "..", ".github", "workflows");

interface Workflow {
  permissions: object;
  jobs: Record<string, Job>;
}

interface Job {
  if?: string;
  environment?: string;
  permissions: object;
  concurrency: object;
  strategy?: { matrix: object };
  env?: object;
  steps: {
    name?: string;
    uses?: string;
    run?: string;
    with?: Record<string, unknown>;
    env?: Record<string, string>;
  }[];
}

function read(file: string): { text: string; workflow: Workflow } {
  const text = readFileSync(join(folder, file), "utf8");
  return { text, workflow: parse(text) };
}

const FILES = readdirSync(folder);

/** As Actions replaces it. */
const expression = (of: string) => `\${{ ${of} }}`;

/** What each job may do, and what runs beside it. */
const JOBS: Record<string, Pick<Job, "permissions" | "concurrency">> = {
  "preview.yml plans": {
    permissions: { contents: "read" },
    concurrency: {
      group: `plans-${expression("github.event.pull_request.number")}`,
      "cancel-in-progress": true,
    },
  },
  "preview.yml preview": {
    permissions: { contents: "read", "pull-requests": "write" },
    concurrency: {
      group: `preview-${expression("matrix.stack")}-${expression("github.event.pull_request.number")}`,
      "cancel-in-progress": true,
    },
  },
  "deploy.yml deploy": {
    permissions: { contents: "read" },
    concurrency: { group: `deploy-${expression("matrix.stack")}`, "cancel-in-progress": false },
  },
};

it("every job has exactly the permissions it needs, and one run of a stack at a time; a deployment is never cut short", () => {
  const jobs = FILES.flatMap((file) =>
    Object.entries(read(file).workflow.jobs).map(([name, { permissions, concurrency }]) => [
      `${file} ${name}`,
      { permissions, concurrency },
    ]),
  );
  expect(Object.fromEntries(jobs)).toEqual(JOBS);
});

describe.each(FILES)("%s", (file) => {
  const { workflow } = read(file);
  const jobs = Object.values(workflow.jobs);
  const steps = jobs.flatMap((job) => job.steps);

  it("pins every action to a commit", () => {
    const uses = steps.flatMap((step) => step.uses ?? []);
    expect(uses.length).toBeGreaterThan(0);
    for (const action of uses) expect(action).toMatch(/^[\w.-]+\/[\w.-]+@[0-9a-f]{40}$/);
  });

  it("grants nothing by default, and leaves no credentials behind", () => {
    expect(workflow.permissions).toEqual({});
    for (const step of steps.filter(({ uses }) => uses?.startsWith("actions/checkout@"))) {
      expect(step.with).toMatchObject({ "persist-credentials": false });
    }
  });

  it("never puts an expression into a shell command, where a name could inject one", () => {
    for (const { run = "" } of steps) expect(run).not.toContain("${{");
  });

  it("gives each token to the steps that use it, and to no other", () => {
    for (const { steps: _, ...job } of jobs)
      expect(JSON.stringify(job)).not.toMatch(/secrets\.|github\.token/);
    for (const { run = "", env = {}, with: given = {} } of steps) {
      expect("PULUMI_ACCESS_TOKEN" in env, run).toBe(/^pulumi /m.test(run));
      expect("GH_TOKEN" in env, run).toBe(/\bgh api\b/.test(run));
      const others = Object.entries(env).filter(
        ([key]) => !["PULUMI_ACCESS_TOKEN", "GH_TOKEN"].includes(key),
      );
      expect(JSON.stringify([others, given])).not.toMatch(/secrets\.|github\.token/);
    }
  });

  it("installs the dependencies without running their scripts", () => {
    const installs = steps.flatMap(({ run = "" }) => run.match(/npm (ci|install|i)\b.*/g) ?? []);
    expect([...new Set(installs)]).toEqual(["npm ci --ignore-scripts"]);
  });

  it("never lets one unreachable cluster stop an update of the others", () => {
    for (const { run = "" } of steps) {
      if (/pulumi up\b/.test(run)) expect(run).toContain("--continue-on-error");
    }
  });

  it("judges each stack by a policy profile of its own", () => {
    const judging = jobs.filter((job) => job.steps.some(({ run = "" }) => run.includes("--policy-pack ")));
    expect(judging).toHaveLength(1);
    for (const { strategy, env, steps: own } of judging) {
      expect(strategy?.matrix).toEqual({ include: expression("fromJSON(vars.STACKS)") });
      expect(env).toMatchObject({ STACK: expression("matrix.stack"), PROFILE: expression("matrix.profile") });
      const packs = own.flatMap(({ run = "" }) => run.match(/--policy-pack-config \S+/) ?? []);
      expect(packs).toEqual(['--policy-pack-config "policy/profiles/$PROFILE.json"']);
    }
  });
});

it("a fork's pull request has its stack files and plans checked, with no secret at hand", () => {
  const { plans } = read("preview.yml").workflow.jobs;
  expect(plans?.if).toBeUndefined();
  expect(JSON.stringify(plans)).not.toContain("secrets.");
  expect(plans?.steps.map(({ run }) => run)).toContain("npx fleet check");
  expect(plans?.steps.at(-1)?.run).toContain("test/unit/plan/plans.test.ts");
});

describe("the preview step", () => {
  let work: string;
  beforeEach(() => {
    work = mkdtempSync(join(tmpdir(), "linkerd-fleet-workflow-"));
  });
  afterEach(() => rmSync(work, { recursive: true, force: true }));

  /** Runs it as Actions does, with programs that only end as told. */
  function preview(pulumi: number, report: number): { stdout: string; failed: boolean; summary: string } {
    const { preview } = read("preview.yml").workflow.jobs;
    const scripts = preview?.steps.filter(({ name }) => name === "Preview" || name === "Report");
    const script = scripts?.map(({ run }) => run).join("\n") ?? "";
    for (const [name, body] of [
      ["pulumi", `echo "{}"; exit ${pulumi}`],
      ["npx", `echo "told with $*"; exit ${report}`],
    ] as const) {
      writeFileSync(join(work, name), `#!/bin/sh\n${body}\n`);
      chmodSync(join(work, name), 0o755);
    }
    writeFileSync(join(work, "env"), "");
    const ran = spawnSync("bash", ["-eo", "pipefail", "-c", script], {
      cwd: work,
      encoding: "utf8",
      env: {
        ...process.env,
        PATH: `${work}:${process.env.PATH}`,
        STACK: "org/prod",
        PROFILE: "prod",
        GITHUB_ENV: join(work, "env"),
        GITHUB_STEP_SUMMARY: join(work, "summary"),
      },
    });
    expect(ran.status, ran.stderr).toBe(0);
    return {
      stdout: ran.stdout,
      failed: readFileSync(join(work, "env"), "utf8").includes("PREVIEW_FAILED=1"),
      summary: readFileSync(join(work, "summary"), "utf8"),
    };
  }

  it("tells a preview, and warns of a risky one without failing it", () => {
    const plain = preview(0, 0);
    expect(plain).toMatchObject({ stdout: "", failed: false });
    expect(plain.summary).toContain("told with fleet report --stack org/prod --fail-on risky");
    expect(preview(0, 1)).toMatchObject({
      stdout: expect.stringMatching(/^::warning title=org\/prod::/),
      failed: false,
    });
  });

  it("fails where the preview failed or cannot be told, after the comment was written", () => {
    expect(preview(255, 1)).toMatchObject({ failed: true, summary: expect.stringContaining("told") });
    expect(preview(0, 3)).toMatchObject({
      failed: true,
      summary: expect.stringContaining("The preview of org/prod cannot be told"),
    });
  });
});

describe("the comment step", () => {
  const { preview } = read("preview.yml").workflow.jobs;
  const script = preview?.steps.find(({ name }) => name === "Comment")?.run ?? "";
  const [, query = ""] = /--jq '([^']+)'/.exec(script) ?? [];

  /** Runs it as Actions does, with a `gh` that finds the comment of this id. Returns its calls. */
  function comment(id: string): string[] {
    const work = mkdtempSync(join(tmpdir(), "linkerd-fleet-workflow-"));
    try {
      writeFileSync(
        join(work, "gh"),
        `#!/bin/sh\necho "$*" >> calls\ncase "$*" in *--jq*) echo "marker $MARKER" >> calls; printf '%s' "${id}";; esac\n`,
      );
      chmodSync(join(work, "gh"), 0o755);
      writeFileSync(join(work, "report.md"), "told");
      const env = { ...process.env, PATH: `${work}:${process.env.PATH}`, STACK: "org/prod" };
      const ran = spawnSync("bash", ["-eo", "pipefail", "-c", script], {
        cwd: work,
        encoding: "utf8",
        env: { ...env, GITHUB_REPOSITORY: "org/fleet", NUMBER: "7" },
      });
      expect(ran.status, ran.stderr).toBe(0);
      expect(readFileSync(join(work, "comment.md"), "utf8")).toBe("<!-- fleet preview: org/prod -->\ntold");
      return readFileSync(join(work, "calls"), "utf8").trimEnd().split("\n");
    } finally {
      rmSync(work, { recursive: true, force: true });
    }
  }

  it("finds the comment to update by its author and its marker", () => {
    expect(query).toBe(
      '.[] | select(.user.login == "github-actions[bot]" and (.body | startswith(env.MARKER))) | .id',
    );
    expect(comment("42")).toEqual([
      `api repos/org/fleet/issues/7/comments --paginate --jq ${query}`,
      "marker <!-- fleet preview: org/prod -->",
      "api --method PATCH repos/org/fleet/issues/comments/42 -F body=@comment.md",
    ]);
  });

  it("writes one where there is none", () => {
    expect(comment("").at(-1)).toBe("api repos/org/fleet/issues/7/comments -F body=@comment.md");
  });
});
