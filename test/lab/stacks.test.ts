import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { stringify } from "yaml";
import { readCrossStack } from "../../fleet/stacks/crossStack";
import type { Result } from "../../ops/verify/judge";
import { bodyOf, disguises } from "../../testing/disguises";
import { secretData } from "./credentials";
import { TestLab } from "./harness";
import { exactly, follow, followAll, readCommands, readRunbook } from "./runbook";

/** Four stacks of two clusters; `dev` makes the trust anchor, and so comes first. */
const STACKS = ["dev", "s2", "s3", "s4"];
const clusterNames = STACKS.flatMap((stack) => [`${stack}-a`, `${stack}-b`]);
const OTHERS = STACKS.slice(1);

let lab: TestLab;
let linkerd: unknown;
let order: (stacks: readonly string[]) => string[];

beforeAll(async () => {
  const seed = Number(process.env.LINKERD_FLEET_SEED ?? Date.now() % 1_000_000);
  console.log(`Orders of the stacks: LINKERD_FLEET_SEED=${seed}`);
  let draws = 0;
  order = (stacks) => {
    const shuffles = fc.shuffledSubarray([...stacks], { minLength: stacks.length });
    const [drawn] = fc.sample(shuffles, { numRuns: 1, seed: seed + draws++ });
    return drawn ?? [];
  };
  lab = await TestLab.create();
  lab.edit((config) => {
    linkerd = config["linkerd-fleet:linkerd"];
    for (const key of Object.keys(config)) delete config[key];
    config["linkerd-fleet:fleet"] = fleetFile();
  });
  share({});
  mkdirSync(lab.lab.state, { recursive: true });
  for (const stack of OTHERS) {
    writeFileSync(stackFile(stack), stringify({ config: { "linkerd-fleet:fleet": fleetFile() } }));
  }
});
afterAll(() => lab?.remove());

// The lab's program is the repository's, where the engine runs it.
const fleetFile = () => join(lab.lab.project, "fleet.yaml");
const stackFile = (stack: string) => join(lab.lab.project, `Pulumi.${stack}.yaml`);

/** Writes the file that the stacks share. */
function share(more: Record<string, unknown>): void {
  const island = (name: string) => name.replace(/-[ab]$/, "");
  const clusters = clusterNames.map((name, at) => [
    name,
    { stack: island(name), region: island(name), context: name, apiServer: lab.apiServer(at) },
  ]);
  const bridges = STACKS.flatMap((one, at) =>
    STACKS.slice(at + 1).map((other) => [`${one}-a`, `${other}-a`]),
  );
  writeFileSync(
    fleetFile(),
    stringify({
      linkerd,
      trust: { stack: "dev", anchors: [{ id: "2026", state: "active" }] },
      clusters: Object.fromEntries(clusters),
      topology: { kind: "islands", bridges },
      ...more,
    }),
  );
}

async function up(stack: string): Promise<string> {
  const ran = await lab.pulumi("up", "--yes", "--skip-preview", "--continue-on-error", "--stack", stack);
  expect(ran.code, `${stack}: ${ran.stdout}${ran.stderr}`).toBe(0);
  return ran.stdout;
}

interface Outputs {
  readonly links: Readonly<Record<string, { readonly target: string; readonly state: string }>>;
  readonly handover: unknown;
}

async function outputs(stack: string, ...args: string[]): Promise<Outputs> {
  const ran = await lab.pulumi("stack", "output", "--json", "--stack", stack, ...args);
  return JSON.parse(ran.stdout);
}

/** What `npx fleet verify` has to say of a stack, besides what only pods know. */
async function verify(stack: string): Promise<string[]> {
  const ran = await lab.shell(`npx fleet verify --json --stack ${stack} || test $? -lt 3`);
  expect(ran.code, ran.stderr).toBe(0);
  const { results } = JSON.parse(ran.stdout) as { results: Result[] };
  return results.flatMap(({ subject, findings }) =>
    findings
      .filter(({ severity }) => severity !== "unknown")
      .map(({ severity, message }) => `${severity} ${subject}: ${message}`),
  );
}

const pendingOf = async (stack: string) =>
  Object.values((await outputs(stack)).links)
    .filter(({ state }) => state === "pending")
    .map(({ target }) => target);

describe("four stacks of one fleet", () => {
  it("cannot begin without the stack that makes the trust anchor, and say so", async () => {
    await lab.pulumi("stack", "init", "s2");
    const ran = await lab.pulumi("up", "--yes", "--skip-preview", "--stack", "s2");
    expect(ran.code).not.toBe(0);
    expect(ran.stdout + ran.stderr).toContain("run `pulumi up` in the stack dev (trust.stack) first");
  });

  it("are whole after two rounds, in any order", async () => {
    const first = await lab.cli();
    expect(first.stderr).toBe("");
    expect(await pendingOf("dev")).toEqual(["s2-a", "s3-a", "s4-a"]);
    expect(await verify("dev")).toEqual(
      OTHERS.map(
        (stack) => `warning dev-a → ${stack}-a: the link is pending: it waits for the stack ${stack}`,
      ),
    );
    for (const stack of order(OTHERS)) {
      if (stack !== "s2") await lab.pulumi("stack", "init", stack);
      await up(stack);
    }
    await followAll(lab, readRunbook("pending"));
    for (const stack of order(["s3", "s4"])) await up(stack);
    for (const stack of STACKS) expect(await pendingOf(stack)).toEqual([]);

    for (const name of clusterNames) {
      const links = (await lab.kubectl(name, "get", "links", "-n=linkerd-multicluster", "-o=name")).trim();
      const island = name.replace(/-[ab]$/, "");
      const sibling = name.endsWith("-a") ? `${island}-b` : `${island}-a`;
      const bridged = name.endsWith("-a")
        ? STACKS.filter((stack) => stack !== island).map((s) => `${s}-a`)
        : [];
      expect(
        links
          .split("\n")
          .map((link) => link.replace(/.*\//, ""))
          .sort(),
      ).toEqual([sibling, ...bridged].sort());
    }
  });

  it("are well, their links into each other included", async () => {
    for (const stack of STACKS) expect(await verify(stack)).toEqual([]);
  });

  it("trust one anchor, and give each other tokens that nobody else can read", async () => {
    const roots = await Promise.all(
      clusterNames.map((name) =>
        lab.kubectl(
          name,
          "get",
          "configmap/linkerd-identity-trust-roots",
          "-n=linkerd",
          "-o=jsonpath={.data}",
        ),
      ),
    );
    expect(new Set(roots).size).toBe(1);
    expect((await outputs("s3")).handover).toBe("[secret]");
    const { crossStackOutputs } = readCrossStack({
      handover: (await outputs("s3", "--show-secrets")).handover,
    });
    const token = crossStackOutputs?.accesses["s3-a"]?.["dev-a"]?.token;
    const state = await lab.pulumi("stack", "export", "--stack", "s3");
    expect(token).toMatch(/^ey/);
    expect(state.stdout).not.toContain(token);
    const kubeconfig = JSON.parse(
      await lab.kubectl(
        "dev-a",
        "get",
        "secret/cluster-credentials-s3-a",
        "-n=linkerd-multicluster",
        "-o=json",
      ),
    );
    expect(Buffer.from(kubeconfig.data.kubeconfig, "base64").toString()).toContain(token);
  });

  it("have the root key in the state of the stack that signs, and in no output; its issuers are in the clusters", async () => {
    const everything = async (stack: string) => [
      (await lab.pulumi("stack", "export", "--show-secrets", "--stack", stack)).stdout,
      (await lab.pulumi("stack", "output", "--json", "--show-secrets", "--stack", stack)).stdout,
    ];
    const [state = "", output = ""] = await everything("dev");
    const resources: { urn: string; outputs?: { privateKeyPem?: { plaintext: string } } }[] =
      JSON.parse(state).deployment.resources;
    const keyOf = (name: string) => {
      const key = resources.find(({ urn }) => urn.endsWith(`::${name}`))?.outputs?.privateKeyPem?.plaintext;
      return bodyOf(String(JSON.parse(key ?? '""')));
    };
    const root = keyOf("trust-2026-key");
    expect(root).toMatch(/^[\w+/=]{30,}$/);
    expect(state).toContain(root);
    for (const text of [output, ...(await Promise.all(OTHERS.map(everything))).flat()])
      for (const one of disguises(root)) expect(text).not.toContain(one);
    for (const name of clusterNames) {
      const issuer = await secretData(lab, name, "linkerd", "linkerd-identity-issuer");
      expect(issuer["tls.key"]).toContain(keyOf(`${name}-issuer-key`));
    }
  });

  it("have nothing left to do", async () => {
    for (const stack of ["dev", "s4"]) {
      const ran = await lab.pulumi("preview", "--expect-no-changes", "--stack", stack);
      expect(ran.code, ran.stdout + ran.stderr).toBe(0);
    }
  });

  it("are deployed on, when the clusters of one of them are lost", async () => {
    for (const name of ["s2-a", "s2-b"]) await lab.cli("stop", name);
    share({
      services: [
        { name: "web", namespace: "default", mode: "gateway", in: ["s3-a"], ports: [80], allowGateway: true },
      ],
    });
    const demo = {
      apiVersion: "v1",
      kind: "Service",
      metadata: { name: "web" },
      spec: { selector: { app: "web" }, ports: [{ port: 80 }] },
    };
    const file = join(lab.folder, "web.json");
    writeFileSync(file, JSON.stringify(demo));
    await lab.kubectl("s3-a", "apply", "-n=default", "-f", file);
    for (const stack of ["s3", "dev"]) await up(stack);
    const labels = await lab.kubectl(
      "s3-a",
      "get",
      "service/web",
      "-n=default",
      "-o=jsonpath={.metadata.labels}",
    );
    expect(labels).toContain('"mirror.linkerd.io/exported":"true"');
    const lost = await lab.pulumi("preview", "--stack", "s4");
    expect(lost.code, lost.stdout + lost.stderr).toBe(0);
  });

  it("keep what one that fails has handed over: a broken stack takes no link of the others with it", async () => {
    share({ access: { generation: 2 } });
    await up("s3");
    const failed = await lab.pulumi("up", "--yes", "--skip-preview", "--continue-on-error", "--stack", "s2");
    expect(failed.code).not.toBe(0);
    const { crossStackOutputs } = readCrossStack({
      handover: (await outputs("s2", "--show-secrets")).handover,
    });
    expect(crossStackOutputs?.accesses["s2-a"]?.["s3-a"]).toMatchObject({ generation: 1 });
    // Its cluster still holds the first token of s3-a, which therefore stays.
    expect(crossStackOutputs?.uses["s3-a"]).toEqual({ "s2-a": 1 });
    await up("s3");
    expect(await lab.kubectl("s3-a", "get", "secrets", "-n=linkerd-multicluster", "-o=name")).toMatch(
      /remote-access-s2-a[\s\S]*remote-access-s2-a/,
    );
    expect(await pendingOf("s3")).toEqual([]);
    for (const name of ["s2-a", "s2-b"]) await lab.cli("start", name);
  });

  it("are deployed in order by one command, which says what it did", async () => {
    const [show, deploy] = exactly(2, readCommands("docs/stacks.md"));
    expect((await followAll(lab, [show])).stdout).toMatch(/^s2-1 after dev-1$/m);
    const ran = await follow(lab, deploy);
    expect(ran.code, ran.stdout + ran.stderr).toBe(0);
    for (const stack of STACKS) expect(ran.stdout).toContain(`${stack}-1: succeeded`);
    for (const stack of ["dev", "s3"]) expect(await verify(stack)).toEqual([]);
  });
});

describe("taking the stacks away, one by one", () => {
  const destroy = (stack: string) => lab.shell(`npx fleet destroy --stack ${stack} --yes`);
  const namespaces = (cluster: string) => lab.kubectl(cluster, "get", "namespaces", "-o=name");

  it("refuses the one that has the anchors while others use its issuers, and names them", async () => {
    const ran = await destroy("dev");
    expect(ran.code).toBe(3);
    for (const stack of OTHERS) expect(ran.stderr).toContain(`${stack}: ${stack}-a, ${stack}-b`);
    expect(await namespaces("dev-a")).toContain("linkerd-multicluster");
  });

  it("takes one, names the stacks whose links lead into it, and leaves these as they are", async () => {
    const ran = await destroy("s4");
    expect(ran.code, ran.stdout + ran.stderr).toBe(0);
    for (const stack of ["dev", "s2", "s3"]) {
      expect(ran.stdout).toContain(`The stack ${stack} loses what its links use: ${stack}-a → s4-a.`);
      const links = await lab.kubectl(`${stack}-a`, "get", "links", "-n=linkerd-multicluster", "-o=name");
      expect(links).toContain("/s4-a");
    }
    for (const name of ["s4-a", "s4-b"]) expect(await namespaces(name)).not.toContain("linkerd");
  });

  it("takes that of the anchors at last", async () => {
    for (const stack of ["s2", "s3", "dev"]) {
      const ran = await destroy(stack);
      expect(ran.code, ran.stdout + ran.stderr).toBe(0);
      expect(ran.stdout).not.toContain("s4");
    }
    for (const name of clusterNames) expect(await namespaces(name)).not.toContain("linkerd");
  });
});
