import { beforeAll, describe, expect, it } from "vitest";
import { keepTokens } from "../../../fleet/access/plan";
import { describeAccesses } from "../../../fleet/outputs/describe";
import type { AccessSummary } from "../../../fleet/outputs/schema";
import type { Plan } from "../../../fleet/plan";
import { parseOutputs } from "../../../live/outputs";
import { EXPIRY_FACTS } from "../../../ops/expiry/expiry";
import { judge } from "../../../ops/verify/judge";
import { readFleet, readMembers } from "../../../ops/verify/read";
import { meshPlan } from "../../../testing/fleets";
import { LiveFleet } from "../../../testing/liveFleet";
import type { Stored } from "../../../testing/stored";

const ACCOUNT = "linkerd-service-mirror-remote-access-c001";
const CHECK = "no access has a token that is not planned";

let plan: Plan;
let fleet: LiveFleet;
/** In a rotation: both tokens of the access of c001 to c002 are planned. */
let rotated: LiveFleet;
beforeAll(async () => {
  plan = meshPlan(2);
  fleet = await LiveFleet.of(plan);
  const last = { accesses: [{ source: "c001", target: "c002", generation: 1, tokens: [1] }] };
  rotated = await LiveFleet.of(keepTokens(meshPlan(2, { access: { generation: 2 } }), last));
});

const token = (name: string, serviceAccount: string, content: string): Stored => ({
  collection: "/api/v1/secrets",
  type: "kubernetes.io/service-account-token",
  metadata: {
    ...{ name, namespace: "linkerd-multicluster", creationTimestamp: "2026-11-01T00:00:00Z" },
    annotations: { "kubernetes.io/service-account.name": serviceAccount },
  },
  data: { token: Buffer.from(content).toString("base64") },
});

/** What is said of c002 with these Secrets as well. */
function told(of: LiveFleet, ...planted: Stored[]): Promise<{ message: string; remedy: string }[]> {
  return toldAfter(of, describeAccesses(of.plan, false), ...planted);
}

/** `left`: what the last deployment left. */
async function toldAfter(
  of: LiveFleet,
  left: readonly AccessSummary[],
  ...planted: Stored[]
): Promise<{ message: string; remedy: string }[]> {
  const objects = of.objects.get("c002") ?? [];
  objects.push(...planted);
  try {
    const outputs = { ...parseOutputs(JSON.stringify(of.outputs())), accesses: [...left] };
    return judge(await readFleet(of.plan, outputs, of.clusters()))
      .filter(({ check }) => check === CHECK)
      .flatMap(({ findings }) => findings);
  } finally {
    objects.splice(objects.length - planted.length, planted.length);
  }
}

describe("the tokens of an access", () => {
  it("are those of the plan, also in a rotation", async () => {
    expect(await told(fleet)).toEqual([]);
    expect(await told(rotated)).toEqual([]);
  });

  // The plan of a stack file knows no tokens but the newest.
  it("are two until the deployment after a complete rotation", async () => {
    const now = await LiveFleet.of(meshPlan(2, { access: { generation: 2 } }));
    const old = token("old", ACCOUNT, "another");
    expect(await toldAfter(now, describeAccesses(rotated.plan, true), old)).toEqual([]);
    expect(await toldAfter(now, describeAccesses(now.plan, true), old)).toHaveLength(1);
  });

  it("are more than planned: each that the source does not use is named, with what deletes it", async () => {
    const found = await told(fleet, token("old", ACCOUNT, "another"), token("older", ACCOUNT, ""));
    expect(found.map(({ remedy }) => remedy)).toEqual(
      ["old", "older"].map(
        (name) => `\`kubectl --context c002 delete secret -n linkerd-multicluster ${name}\``,
      ),
    );
  });

  it.each([
    ["a second Secret holds the one in use", () => fleet, "token-of-c001", 1],
    ["both of a rotation are there", () => rotated, "another", 2],
  ] as const)(
    "are more than planned, and which is ours only the state knows: %s",
    async (_, of, content, count) => {
      const [found, ...others] = await told(of(), token("planted", ACCOUNT, content));
      expect(others).toEqual([]);
      expect(found?.message).toMatch(
        new RegExp(`^${ACCOUNT} has ${count + 1} tokens instead of ${count}: .*planted$`),
      );
      expect(found?.remedy).toContain("without those that `pulumi stack --show-ids` lists");
    },
  );

  it("are no concern of other ServiceAccounts' tokens", async () => {
    expect(await told(fleet, token("planted", "ci", "another"))).toEqual([]);
  });
});

it.each([
  [{}, 0],
  [{ maxAge: "30d" }, 1],
])("`fleet expiry` reads tokens only where their age matters: %j", async (access, lists) => {
  const clusters = (await LiveFleet.of(meshPlan(1))).clusters();
  const asked: string[] = [];
  const counted = new Map(
    [...clusters].map(([name, live]) => {
      const list: typeof live.list = (path, item) => {
        asked.push(path);
        return live.list(path, item);
      };
      return [name, { ...live, list }] as const;
    }),
  );
  await readMembers(meshPlan(1, { access }), counted, EXPIRY_FACTS);
  expect(asked.filter((path) => path.includes("service-account-token"))).toHaveLength(lists);
});
