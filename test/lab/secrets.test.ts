import { randomBytes } from "node:crypto";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { parse, stringify } from "yaml";
import { certificate } from "../../testing/authority";
import { bodyOf, disguises } from "../../testing/disguises";
import { secretData } from "./credentials";
import { TestLab } from "./harness";

/**
 * Secrets that can be recognised are planted wherever a user stores one, and looked for in all that is written or
 * said from then on, by steps that succeed and by steps that are refused.
 */

const CLUSTERS = ["us", "eu"];
const REPORT = "npx fleet report preview.events";
const UP = "pulumi up --yes --skip-preview --continue-on-error";

let lab: TestLab;
const recognisable = (what: string) => `planted-${what}-${randomBytes(24).toString("hex")}`;
const pullToken = recognisable("pull-secret");
/** What must not be seen, by what it is. */
const planted = new Map([
  ["any private key", " PRIVATE KEY-----"],
  ["pull secret", pullToken],
]);
/** What commands said, by their script. */
const said = new Map<string, string>();

async function say(script: string): Promise<number> {
  const { code, stdout, stderr } = await lab.shell(script);
  said.set(script, stdout + stderr);
  return code;
}

async function store(key: string, content: string): Promise<void> {
  const file = join(lab.folder, "planted");
  writeFileSync(file, content, { mode: 0o600 });
  const ran = await lab.shell(`pulumi config set --secret linkerd-fleet:${key} < ${file}`);
  expect(ran.code, ran.stderr).toBe(0);
}

/** A kubeconfig as the lab's, with the token of one more user in it. */
function kubeconfigWith(token: string): string {
  const config = parse(readFileSync(lab.lab.kubeconfig, "utf8"));
  config.users.push({ name: "planted", user: { token } });
  return stringify(config);
}

beforeAll(async () => {
  lab = await TestLab.pair();
  await lab.start();
  const anchor = await certificate({ host: "root.linkerd.cluster.local", ca: true });
  planted.set("anchor key", bodyOf(anchor.key));
  for (const cluster of CLUSTERS) {
    const token = recognisable(`kubeconfig-${cluster}`);
    planted.set(`kubeconfig of ${cluster}`, token);
    await store(`${cluster}-kubeconfig`, kubeconfigWith(token));
  }
  await store("anchorKey", anchor.key);
  await store("pull", JSON.stringify({ auths: { "registry.example.com": { auth: pullToken } } }));
  lab.edit((config) => {
    for (const cluster of CLUSTERS)
      Object.assign(config["linkerd-fleet:clusters"][cluster] ?? {}, {
        kubeconfig: { secret: `${cluster}-kubeconfig` },
      });
    config["linkerd-fleet:trust"] = {
      anchors: [{ id: "own", state: "active", certificate: anchor.pem, privateKey: { secret: "anchorKey" } }],
    };
    config["linkerd-fleet:linkerd"] = {
      ...(config["linkerd-fleet:linkerd"] as object),
      images: { pullSecret: { secret: "pull" } },
    };
  });
  // The variable unlocks `--event-log`.
  const first = `PULUMI_DEBUG_COMMANDS=true ${UP} --event-log=up.events`;
  expect(await say(first), said.get(first)).toBe(0);
  for (const [source, target] of [CLUSTERS, CLUSTERS.toReversed()] as [string, string][]) {
    const { kubeconfig = "{}" } = await secretData(lab, source, "linkerd", `cluster-credentials-${target}`);
    planted.set(`token of ${source} for ${target}`, JSON.parse(kubeconfig).users[0].user.token);
    const issuer = await secretData(lab, source, "linkerd", "linkerd-identity-issuer");
    planted.set(`issuer key of ${source}`, bodyOf(issuer["tls.key"]));
  }
});
afterAll(() => lab?.remove());

function seenIn(text: string): string[] {
  return [...planted]
    .filter(([, secret]) => disguises(secret).some((one) => text.includes(one)))
    .map(([what]) => what)
    .sort();
}

/**
 * All files that the commands wrote: state, its history and backups, stack file, pictures, events, clusters' logs.
 */
function written(): Map<string, string> {
  const { state, project, root } = lab.lab;
  const logs = CLUSTERS.map((cluster) => join(root, "kwok", "clusters", cluster, "logs"));
  // The rest of the project's folder are links into the repository.
  const files = readdirSync(project, { withFileTypes: true });
  for (const folder of [state, ...logs]) {
    files.push(...readdirSync(folder, { recursive: true, withFileTypes: true }));
  }
  const paths = files.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return new Map(paths.map((path) => [path, readFileSync(path, "utf8")]));
}

it("what is looked for is found where it belongs: decrypted, and in the clusters' Secrets", async () => {
  const decrypted = await lab.shell(
    "pulumi stack export --show-secrets; pulumi config --show-secrets --json",
  );
  expect(seenIn(decrypted.stdout)).toEqual([...planted.keys()].sort());
  const secrets = await lab.kubectl("us", "get", "secrets", "-A", "-o=yaml");
  expect(seenIn(secrets)).toEqual(
    ["any private key", "issuer key of us", "pull secret", "token of eu for us", "token of us for eu"].sort(),
  );
});

it("nothing that succeeds writes or says a secret", async () => {
  // Rules that fire end it with another code.
  const stream =
    "PULUMI_ENABLE_STREAMING_JSON_PREVIEW=true pulumi preview --json --policy-pack policy/run > preview.events || true";
  for (const script of [
    `${UP} --json`,
    "pulumi preview --json --diff --refresh",
    stream,
    "pulumi stack output",
    "pulumi stack output --json",
    "pulumi stack export",
    "pulumi stack history --full-dates --json",
    REPORT,
    "pulumi preview --json | npx fleet report",
    "npx fleet graph",
    "for form in svg html mmd; do npx fleet graph --out fleet.$form; done",
    "npx fleet verify",
    "npx fleet verify --json",
    "npx fleet verify --junit",
    "npx fleet expiry",
    "npx fleet expiry --json",
    "npx fleet expiry --prometheus",
    "npx fleet gateways",
    "npx fleet gateways --json",
    "npx fleet rotation",
    "npx fleet adopt us eu",
    "npx fleet recover --yes",
  ])
    expect(await say(script), `${script}\n${said.get(script)}`).toBe(0);
  for (const cluster of CLUSTERS) {
    const releases = await lab.shell(
      `helm --kube-context ${cluster} list -A --no-headers | awk '{ print $1, $2 }'`,
    );
    const names = releases.stdout.trim().split("\n");
    expect(names.length).toBe(3);
    for (const name of names) {
      const [release, namespace] = name.split(" ");
      expect(await say(`helm --kube-context ${cluster} get all ${release} -n ${namespace}`)).toBe(0);
    }
  }
  expect(said.get(REPORT)).toMatch(/^- [\w-]+: .+ \(the engine refuses it\)$/m);
  expect([...written().keys()].map((path) => basename(path))).toEqual(
    expect.arrayContaining(["dev.json", "up.events", "preview.events", "fleet.svg", "kube-apiserver.log"]),
  );
  for (const [place, text] of [...said, ...written()]) expect(seenIn(text), `in ${place}`).toEqual([]);
});

it("nothing that is refused writes or says a secret", async () => {
  const before = readFileSync(lab.lab.stackFile);
  said.clear();
  const refused = async (what: string, script: string, words: RegExp) => {
    const labelled = `${script} # ${what}`;
    expect(await say(labelled)).not.toBe(0);
    expect(said.get(labelled)).toMatch(words);
    writeFileSync(lab.lab.stackFile, before);
  };
  const license = recognisable("license");
  planted.set("license", license);
  await store("buoyant", license);
  lab.edit((config) => {
    Object.assign(config["linkerd-fleet:linkerd"] as object, { license: { secret: "buoyant" } });
  });
  await refused("a license for edge", "pulumi preview", /belongs to the enterprise channel/);
  await store("pull", pullToken);
  await refused("a pull secret that is no JSON", UP, /not a \.dockerconfigjson/);
  await store("anchorKey", planted.get("anchor key") ?? "");
  await refused("an anchor's key that is no PEM", `${UP} --json`, /has no lines -----BEGIN and -----END/);
  await store("eu-kubeconfig", `users: [{{ ${planted.get("kubeconfig of eu")}`);
  await refused("a kubeconfig that is no YAML", UP, /clusters\.eu\.kubeconfig[\s\S]*cannot be read as YAML/);
  for (const [place, text] of [...said, ...written()]) expect(seenIn(text), `in ${place}`).toEqual([]);
});
