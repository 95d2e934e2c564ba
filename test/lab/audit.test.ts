import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { TestLab } from "./harness";
import { exactly, followAll, readRunbook } from "./runbook";

const CLUSTERS = ["us", "eu", "apac"];
let lab: TestLab;

beforeAll(async () => {
  lab = await TestLab.create();
  lab.edit((config) => {
    config["linkerd-fleet:services"] = config["linkerd-fleet:services"].filter(
      ({ name }) => name === "checkout",
    );
  });
  await lab.bringUp();
});
afterAll(() => lab?.remove());

const accessPolicy = (cluster: string) =>
  lab.kubectl(cluster, "get", "server", "fleet.checkout.http", "-n=shop", "-o=jsonpath={.spec.accessPolicy}");

const routes = async (cluster: string) =>
  (await lab.kubectl(cluster, "get", "httproutes.policy.linkerd.io", "-n=shop", "-o=name"))
    .split("\n")
    .filter(Boolean)
    // The end of a route's name stands for what it matches.
    .map((name) => name.replace(/^.*\//, "").replace(/\.[0-9a-f]{8}$/, ""))
    .sort();

const identities = (cluster: string, name: string) =>
  lab.kubectl(
    cluster,
    "get",
    "meshtlsauthentications",
    `-n=shop`,
    `-o=jsonpath={.items[?(@.metadata.name=="${name}")].spec.identities[*]}`,
  );

const WEB = "web.shop.serviceaccount.identity.linkerd.cluster.local";
const BATCH = "batch.shop.serviceaccount.identity.linkerd.cluster.local";

describe("from audit to deny, as the runbook says", () => {
  const [audit, audited, look, grant, granted, deny, denied] = exactly(7, readRunbook("audit-to-deny"));

  it("an audit refuses nobody, and its grants are asked first", async () => {
    await followAll(lab, [audit, audited]);
    for (const cluster of CLUSTERS) {
      expect(await accessPolicy(cluster)).toBe("audit");
      expect(await routes(cluster)).toEqual(["fleet.checkout.http.any", "fleet.checkout.http.get-ready"]);
      expect(await identities(cluster, "fleet.checkout.http.callers")).toBe(WEB);
    }
    const { stdout } = await followAll(lab, [look]);
    expect(stdout.match(/audited: everybody who reaches its pods/g)).toHaveLength(CLUSTERS.length);
    expect(stdout).toContain("0 differences");
    expect(await lab.preview()).toEqual([]);
  });

  it("one caller more is granted meanwhile", async () => {
    await followAll(lab, [grant, granted]);
    for (const cluster of CLUSTERS) {
      expect(await accessPolicy(cluster)).toBe("audit");
      expect(await identities(cluster, "fleet.checkout.http.callers")).toBe(`${BATCH} ${WEB}`);
    }
  });

  it("then everybody else is refused, and nothing of the audit stays", async () => {
    const { stdout } = await followAll(lab, [deny, denied]);
    expect(stdout).not.toContain("audited: ");
    expect(stdout).toContain("0 differences");
    for (const cluster of CLUSTERS) {
      expect(await accessPolicy(cluster)).toBe("deny");
      expect(await routes(cluster)).toEqual([]);
      expect(await identities(cluster, "fleet.checkout.http.callers")).toBe(`${BATCH} ${WEB}`);
    }
    expect(await lab.preview()).toEqual([]);
  });

  it("a caller that was missed is let in again by the audit", async () => {
    await followAll(lab, [audit, audited]);
    for (const cluster of CLUSTERS) expect(await accessPolicy(cluster)).toBe("audit");
  });
});

it("a hand cannot begin an audit where the API servers enforce the stack file", async () => {
  lab.edit((config) => {
    config["linkerd-fleet:admission"] = "enforce";
    for (const service of config["linkerd-fleet:services"]) Object.assign(service, { enforce: "deny" });
  });
  expect(await lab.pulumi("up", "--yes", "--skip-preview", "--continue-on-error")).toMatchObject({
    stderr: "",
    code: 0,
  });
  // An API server learns of a changed binding about a second later.
  await expect
    .poll(
      () =>
        lab
          .kubectl(
            "eu",
            ...["patch", "server", "fleet.checkout.http", "-n=shop", "--type=merge", "--dry-run=server"],
            `--patch={"spec":{"accessPolicy":"audit"}}`,
          )
          .then(String, String),
      { timeout: 15_000 },
    )
    .toContain("linkerd-fleet-grants");
});
