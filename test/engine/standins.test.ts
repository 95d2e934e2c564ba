/**
 * The stand-ins as the engine starts them. What each resource does is in `test/unit/lab/standins-tls-random.test.ts`.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { pulumi } from "../../lab/engine";
import { type Lab, openLab, repository } from "../../lab/env";
import { buildPlugins, standIn } from "../../lab/standins/build";
import { ensureToolchain, type Toolchain } from "../../lab/toolchain";
import { sdkVersion } from "../../lab/toolchain/tools";

const folder = mkdtempSync(join(tmpdir(), "linkerd-fleet-standins-"));
const lab: Lab = {
  ...openLab({ LINKERD_FLEET_LAB: folder, LINKERD_FLEET_PROJECT: folder }),
  state: join(folder, "state"),
};
let tools: Toolchain;

beforeAll(async () => {
  // A home of the test's own: in the lab's the official plugins may be installed.
  const pulumiHome = join(folder, "home");
  tools = { ...(await ensureToolchain({ log: (line) => console.log(line) })), pulumiHome };
  const names = ["tls", "random"] as const;
  await buildPlugins(
    pulumiHome,
    names.map((name) => standIn(name, sdkVersion(name))),
  );
  mkdirSync(lab.state);
  symlinkSync(join(repository, "node_modules"), join(folder, "node_modules"));
  writeFileSync(join(folder, "Pulumi.yaml"), "name: standins\nruntime: nodejs\nmain: index.js\n");
  writeFileSync(join(folder, "package.json"), "{}");
  const made = await run("stack", "init", "dev");
  expect(made.output).toContain("Created stack");
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function run(...args: string[]) {
  const { code, stdout, stderr } = await pulumi(lab, tools, args);
  return { code, output: stdout + stderr };
}

/** Writes the program; `body` sees the SDKs. */
function program(body: string): void {
  const sdks = ["pulumi", "tls", "random"].map((name) => `const ${name} = require("@pulumi/${name}");`);
  writeFileSync(join(folder, "index.js"), [...sdks, body].join("\n"));
}

it("keys and passwords stand nowhere in plain text, and a second preview has no changes", async () => {
  program(`
    const key = new tls.PrivateKey("key", { algorithm: "ECDSA", ecdsaCurve: "P256" });
    new tls.SelfSignedCert("cert", { privateKeyPem: key.privateKeyPem, subject: { commonName: "root" },
      isCaCertificate: true, allowedUses: ["cert_signing"], validityPeriodHours: 24, earlyRenewalHours: 1 });
    new random.RandomPassword("password", { length: 20, special: false });
    exports.password = new random.RandomString("string", { length: 6 }).result.apply((it) => it.length);
  `);
  const up = await run("up", "--yes", "--skip-preview");
  expect(up.code, up.output).toBe(0);
  const state = readFileSync(join(lab.state, ".pulumi", "stacks", "standins", "dev.json"), "utf8");
  const shown = await run("stack", "export", "--show-secrets");
  const { resources } = JSON.parse(shown.output).deployment;
  const secrets = resources.flatMap(
    ({ outputs = {} }: { outputs?: Record<string, { plaintext?: string }> }) =>
      ["privateKeyPem", "privateKeyPemPkcs8", "result"].flatMap((key) => outputs[key]?.plaintext ?? []),
  );
  // The key twice, in the certificate as its input, and the password.
  expect(secrets).toHaveLength(4);
  // The first line of a key's base64 holds the private number; the last ones may equal the public key's.
  for (const secret of secrets) {
    const [first, second] = JSON.parse(secret).split("\n");
    expect(state + up.output).not.toContain(second ?? first);
  }
  const preview = await run("preview", "--expect-no-changes");
  expect(preview.code, preview.output).toBe(0);
});

it("a function that the stand-ins lack is a clear error", async () => {
  program(`exports.key = tls.getPublicKeyOutput({ privateKeyPem: "x" }).algorithm;`);
  const preview = await run("preview");
  expect(preview.code).not.toBe(0);
  expect(preview.output).toMatch(
    /getPublicKey is not in the lab's stand-in for the tls plugin; it needs the official one/,
  );
});
