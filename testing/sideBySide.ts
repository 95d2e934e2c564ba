import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, expect, it, vi } from "vitest";
import { stringify } from "yaml";
import { z } from "zod";
import { ensureToolchain } from "../lab/toolchain";
import { openCluster } from "../live/cluster";
import { type Pair, type Recorded, RecordingServers, TestAuthority } from "./recordingServer";

// What rows are made of: they are made when their test runs.
export let servers: RecordingServers;
export let authority: TestAuthority;
export let client: Pair;
export let other: Pair;
let kubectl: string;
let folder: string;
let home: string;

export type Entry = Readonly<Record<string, unknown>>;

/** One row: what stands in a folder, and what both see of it. */
export interface Row {
  /** By path within the folder; objects are written as YAML. `kubeconfig` is the one that is read by default. */
  readonly files: Readonly<Record<string, string | Buffer | Entry>>;
  /** Default: `kubeconfig`, within the folder. */
  readonly KUBECONFIG?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Default: `eu`. */
  readonly context?: string | undefined;
  /** What reaches the servers, of both; nothing where the kubeconfig cannot be used. */
  readonly asked: Partial<Recorded> | undefined;
  /** Where nothing is asked: what our programs say. */
  readonly told?: RegExp;
}

export const base64 = (text: string) => Buffer.from(text).toString("base64");
export const secure = () => `https://127.0.0.1:${servers.ports.secure}`;
export const trusted = (more: Entry = {}) => ({
  server: secure(),
  "certificate-authority-data": base64(authority.certificate),
  ...more,
});
const anonymous: Recorded = {
  path: "/api",
  authorization: undefined,
  impersonation: {},
  certificate: undefined,
  serverName: undefined,
  proxies: [],
};
export const config = (cluster: Entry, user: Entry, more: Entry = {}) => ({
  apiVersion: "v1",
  kind: "Config",
  clusters: [{ name: "eu", cluster }],
  users: [{ name: "admin", user }],
  contexts: [{ name: "eu", context: { cluster: "eu", user: "admin" } }],
  ...more,
});
export const plugin = (more: Entry = {}) => ({
  exec: {
    apiVersion: "client.authentication.k8s.io/v1",
    command: "./plugin",
    interactiveMode: "Never",
    ...more,
  },
});
export const credential = (status: Entry, apiVersion = "client.authentication.k8s.io/v1") =>
  JSON.stringify({ apiVersion, kind: "ExecCredential", status });
export const printing = (text: string) => `#!/bin/sh\ncat <<'END'\n${text}\nEND\n`;
/** Its token is what it is told, as base64. */
export const telling = (variable: string) =>
  `#!/bin/sh\ntoken=$(printf '%s' "$(printf '%s' "$${variable}")" | base64 | tr -d '\\n')\n` +
  `echo '{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"token":"'$token'"}}'\n`;
export const jwt = (expires: number) =>
  `e30.${Buffer.from(JSON.stringify({ exp: expires })).toString("base64url")}.x`;
export const oidc = (expires: number) => ({
  name: "oidc",
  config: { "idp-issuer-url": "https://idp.example.test", "client-id": "k", "id-token": jwt(expires) },
});
export const token = { token: "t" };
export const bearer = { authorization: "Bearer t" };
export const past = 1_000_000_000;
export const future = 4_000_000_000;

/**
 * kubectl and the programs of this repository side by side, in one table of kubeconfigs: what each of the two asks of
 * servers that record it, which way and as whom.
 */
export function readSideBySide(rows: Readonly<Record<string, () => Row>>): void {
  beforeAll(async () => {
    kubectl = (await ensureToolchain({ log: console.log })).bin.kubectl;
    authority = await TestAuthority.create();
    servers = await RecordingServers.start(
      await authority.issue("api", ["127.0.0.1", "2001:db8::1", "api.example.test", "another.example.test"]),
    );
    [client, other] = await Promise.all([authority.issue("client"), authority.issue("other")]);
    home = mkdtempSync(join(tmpdir(), "linkerd-fleet-home-"));
    // What the machine trusts; read once by Node.js.
    writeFileSync(join(home, "roots.pem"), authority.certificate);
    process.env.SSL_CERT_FILE = join(home, "roots.pem");
  });
  afterAll(async () => {
    await servers?.close();
    if (home) rmSync(home, { recursive: true });
  });
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "linkerd-fleet-kubeconfigs-"));
  });
  afterEach(() => {
    vi.unstubAllEnvs();
    rmSync(folder, { recursive: true });
  });

  it.each(Object.entries(rows))("%s", async (_, row) => {
    const { files, KUBECONFIG = ["kubeconfig"], env = {}, told, ...rest } = row();
    const context = "context" in rest ? rest.context : "eu";
    for (const [file, content] of Object.entries(files)) {
      const path = join(folder, file);
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(
        path,
        typeof content === "string" || Buffer.isBuffer(content) ? content : stringify(content),
        { mode: 0o700 },
      );
    }
    const paths = KUBECONFIG.map((file) => (file === "" ? "" : join(folder, file))).join(":");
    const proxies = ["HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY", "ALL_PROXY"].flatMap((key) => [
      key,
      key.toLowerCase(),
    ]);
    for (const key of proxies) vi.stubEnv(key, undefined);
    vi.stubEnv("HOME", folder);
    vi.stubEnv("KUBECONFIG", paths);
    for (const [key, value] of Object.entries(env)) vi.stubEnv(key, value);

    servers.take();
    await askKubectl(context);
    // Whatever else it asks: a kubectl that suits itself to the cluster asks for its version first.
    const theirs = servers.take().filter(({ path }) => path.endsWith("/api"));
    const read = await openCluster("eu", context, undefined).get("/api", z.unknown());
    const ours = servers.take();

    const asked = rest.asked === undefined ? [] : [{ ...anonymous, ...rest.asked }];
    expect(ours).toEqual(asked);
    expect(ours).toEqual(theirs);
    if (told === undefined) expect(read).toMatchObject({ state: "found" });
    else expect(read).toMatchObject({ state: "failed", message: expect.stringMatching(told) });
  });
}

/** Its answer is not needed: the servers know what it asked. */
function askKubectl(context: string | undefined): Promise<void> {
  const args = ["api-versions"];
  return new Promise((resolve) => {
    const child = execFile(kubectl, context === undefined ? args : [...args, "--context", context], () =>
      resolve(),
    );
    child.stdin?.end();
  });
}
