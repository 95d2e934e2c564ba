import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { preflight } from "../../../components/preflight";
import { formatProblems } from "../../../fleet/config/problems";
import type { Plan } from "../../../fleet/plan";
import { meshPlan } from "../../../testing/fleets";
import { machine } from "../../../testing/machine";

const here = machine();

const prometheus = { namespace: "monitoring", serviceAccount: "prometheus" };
const observed = meshPlan(2, { observability: { prometheus } });

/** Before the first deployment. `ofC002`: the kubeconfig that is stored for it. */
const firstLook = (plan: Plan, isPreview: boolean, ofC002?: string) =>
  preflight(plan, ({ name }) => (name === "c002" ? ofC002 : undefined), {
    ...{ isPreview, last: {}, rotation: undefined },
  });

describe("before the first resource", () => {
  it.each([["preview", true] as const, ["up", false] as const])(
    "a context that the kubeconfig does not have stops %s, with those that it has",
    async (_, isPreview) => {
      await here.haveContexts(["c001", "c002-admin"]);
      const { refusal } = await firstLook(meshPlan(2), isPreview);
      const problem = {
        path: "clusters.c002.context",
        problem: 'cannot be used: the kubeconfig has no context "c002"; it has "c001", "c002-admin"',
        fix: "name a context that your kubeconfig has, or set KUBECONFIG to the files that have it",
      };
      expect(refusal).toBe(formatProblems([problem], "The clusters do not fit the stack file"));
    },
  );

  it("a file that the kubeconfig names and is not there stops the run", async () => {
    const content = await here.haveContexts(["c001", "c002"]);
    writeFileSync(
      join(here.folder, "kubeconfig"),
      content.replace("token: admin-of-c002", "tokenFile: missing"),
    );
    const { refusal } = await firstLook(meshPlan(2), false);
    expect(refusal).toMatch(/^ {2}clusters\.c002\.context\n.*missing, which cannot be read/m);
    expect(refusal).not.toContain("c001.context");
  });

  it("a preview without any kubeconfig says what it did not check, and up stops", async () => {
    here.withoutKubeconfig();
    const preview = await firstLook(observed, true);
    expect(preview.refusal).toBeUndefined();
    expect(preview.warnings).toEqual([expect.stringMatching(/^There is no kubeconfig.* c001, c002;/)]);
    const { refusal } = await firstLook(observed, false);
    expect(refusal?.match(/clusters\..*/g)).toEqual(["clusters.c001.context", "clusters.c002.context"]);
  });

  it("a kubeconfig that the program gives is used in its current context, with none on the machine", async () => {
    const content = await here.haveContexts(["admin"]);
    here.withoutKubeconfig();
    const named = content.replace(/^current-context:.*\n/m, "");
    const given = (current: string) => () => `${named}current-context: ${current}\n`;
    const options = { isPreview: true, last: {}, rotation: undefined, inCurrentContext: () => true };
    const { refusal, warnings } = await preflight(observed, given("admin"), options);
    expect(warnings).toEqual([]);
    expect(refusal?.match(/\S+ has no .*/g)).toEqual([
      expect.stringMatching(/^c001 has no PodMonitor/),
      expect.stringMatching(/^c002 has no PodMonitor/),
    ]);
    expect((await preflight(observed, given("mars"), options)).refusal).toContain("clusters.c001.kubeconfig");
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
      await here.haveContexts(["c001"]);
      const { refusal, warnings } = await firstLook(observed, isPreview, deadEnd("https://127.0.0.1:1"));
      expect(refusal?.match(/\S+ has no .*/g)).toEqual([expect.stringMatching(/^c001 has no PodMonitor/)]);
      expect(warnings).toEqual([
        expect.stringMatching(
          /^The cluster "c002" is unreachable \(context "c002"\): .*ECONNREFUSED.*unreachable\.md/,
        ),
      ]);
      expect(warnings[0]).toMatch(outlook);
    });

    it("since the update began is named afterwards, by its context too, and one that never did is not again", async () => {
      await here.haveContexts(["c001"]);
      const { warnings, stopped } = await firstLook(meshPlan(2), false, deadEnd("https://127.0.0.1:1"));
      expect(warnings).toEqual([expect.stringMatching(/^The cluster "c002" is unreachable/)]);
      expect(await stopped()).toEqual([]);
      await here.stop();
      expect(await stopped()).toEqual([
        expect.stringMatching(
          /^The cluster "c001" is unreachable \(context "c001"\): .*It answered when this update began.*fleet recover/,
        ),
      ]);
    });

    it("is named where nothing is asked of it, and where it takes the connection and says nothing", async () => {
      await here.haveContexts(["c001"]);
      const mute = createServer().listen(0, "127.0.0.1");
      await once(mute, "listening");
      const { port } = mute.address() as AddressInfo;
      const { refusal, warnings } = await firstLook(meshPlan(2), true, deadEnd(`http://127.0.0.1:${port}`));
      mute.close();
      expect(refusal).toBeUndefined();
      expect(warnings).toEqual([
        expect.stringMatching(/^The cluster "c002" is unreachable .*no answer within 5 s/),
      ]);
    });
  });
});
