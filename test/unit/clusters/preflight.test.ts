import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { preflight } from "../../../components/preflight";
import { ApiServer } from "../../../testing/apiServer";
import { meshPlan } from "../../../testing/fleets";

let folder: string;
let server: ApiServer | undefined;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "linkerd-fleet-preflight-"));
  vi.stubEnv("HOME", folder);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
  await server?.close();
  server = undefined;
});

/** KUBECONFIG with these contexts, of a server that answers 404. */
async function haveContexts(...contexts: string[]): Promise<string> {
  server = await ApiServer.start(() => undefined);
  const content = server.kubeconfig(contexts);
  writeFileSync(join(folder, "kubeconfig"), content);
  vi.stubEnv("KUBECONFIG", join(folder, "kubeconfig"));
  return content;
}

const prometheus = { namespace: "monitoring", serviceAccount: "prometheus" };
const observed = meshPlan(2, { observability: { prometheus } });

describe("before the first resource", () => {
  it.each([["preview", true] as const, ["up", false] as const])(
    "a context that the kubeconfig does not have stops %s, with those that it has",
    async (_, isPreview) => {
      await haveContexts("c001", "c002-admin");
      const { problems } = await preflight(meshPlan(2), () => undefined, isPreview);
      expect(problems).toEqual([
        {
          path: "clusters.c002.context",
          problem: 'cannot be used: the kubeconfig has no context "c002"; it has "c001", "c002-admin"',
          fix: "name a context that your kubeconfig has, or set KUBECONFIG to the files that have it",
        },
      ]);
    },
  );

  it("a file that the kubeconfig names and is not there stops the run", async () => {
    const content = await haveContexts("c001", "c002");
    writeFileSync(join(folder, "kubeconfig"), content.replace("token: admin-of-c002", "tokenFile: missing"));
    const { problems } = await preflight(meshPlan(2), () => undefined, false);
    expect(problems).toMatchObject([
      { path: "clusters.c002.context", problem: expect.stringMatching(/missing, which cannot be read/) },
    ]);
  });

  it("a preview without any kubeconfig says what it did not check, and up stops", async () => {
    vi.stubEnv("KUBECONFIG", join(folder, "missing"));
    const preview = await preflight(observed, () => undefined, true);
    expect(preview.problems).toEqual([]);
    expect(preview.warnings).toEqual([expect.stringMatching(/^There is no kubeconfig.* c001, c002;/)]);
    const { problems } = await preflight(observed, () => undefined, false);
    expect(problems.map(({ path }) => path)).toEqual(["clusters.c001.context", "clusters.c002.context"]);
  });

  describe("a cluster that does not answer", () => {
    const deadEnd = (server: string) =>
      JSON.stringify({
        clusters: [{ name: "c002", cluster: { server } }],
        users: [{ name: "me", user: { token: "t" } }],
        contexts: [{ name: "c002", context: { cluster: "c002", user: "me" } }],
      });

    it.each([
      ["preview", true, /The preview shows its changes from the state/] as const,
      ["up", false, /Its resources fail in this update/] as const,
    ])("is named by %s once, with its context, and the others are checked", async (_, isPreview, outlook) => {
      await haveContexts("c001");
      const { problems, warnings } = await preflight(
        observed,
        ({ name }) => (name === "c002" ? deadEnd("https://127.0.0.1:1") : undefined),
        isPreview,
      );
      expect(problems).toMatchObject([{ problem: expect.stringMatching(/^c001 has no PodMonitor/) }]);
      expect(warnings).toEqual([
        expect.stringMatching(
          /^The cluster "c002" is unreachable \(context "c002"\): .*ECONNREFUSED.*unreachable\.md/,
        ),
      ]);
      expect(warnings[0]).toMatch(outlook);
    });

    it("is named where nothing is asked of it, and where it takes the connection and says nothing", async () => {
      await haveContexts("c001");
      const mute = createServer().listen(0, "127.0.0.1");
      await once(mute, "listening");
      const { port } = mute.address() as AddressInfo;
      const { problems, warnings } = await preflight(
        meshPlan(2),
        ({ name }) => (name === "c002" ? deadEnd(`http://127.0.0.1:${port}`) : undefined),
        true,
      );
      mute.close();
      expect(problems).toEqual([]);
      expect(warnings).toEqual([
        expect.stringMatching(/^The cluster "c002" is unreachable .*no answer within 5 s/),
      ]);
    });
  });
});
