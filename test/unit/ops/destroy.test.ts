import { rmSync, writeFileSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { stringify } from "yaml";
import { fleet } from "../../../ops/cli";
import {
  anchor,
  at,
  deployedFleet,
  fleetComponent,
  LOCAL,
  leftovers,
  link,
  ofTarget,
  outputs,
  provider,
  REMOTE,
  root,
  secret,
  urn,
} from "../../../testing/deployedFleet";
import { printed } from "../../../testing/printed";

const us = deployedFleet();
const said = printed();

describe("a fleet that is destroyed", () => {
  it("leaves nothing that a service mirror made, and the anchor goes when all is clean", async () => {
    us.objects = leftovers();
    expect([await fleet(["destroy", "--yes"]), said.stderr]).toEqual(["well", ""]);
    expect(us.names()).toEqual(["leases/somebody-elses", "services/checkout"]);
    const [first, unprotected, last, ...more] = us.did();
    expect(first).toContain(`--continue-on-error`);
    for (const kept of [provider("us"), anchor]) expect(first).toContain(`--exclude ${kept.urn}`);
    expect(unprotected).toContain(`state unprotect ${anchor.urn} --yes`);
    expect(last).not.toContain("--exclude");
    expect(more).toEqual([]);
    expect(said.stdout).toContain('us (context "us"): answers, 1 resources');
    expect(said.stdout).toContain("us: deleted Service shop/reports-eu, which a service mirror left");
  });

  it("takes nothing that a Link of somebody else's still feeds, or that nobody knows", async () => {
    us.objects = [
      ...leftovers(),
      at("links", "apac", { namespace: "theirs" }, { spec: { targetClusterName: "apac" } }),
      at("services", "reports-apac", { labels: ofTarget("apac") }),
      at("services", "old-mars", { labels: ofTarget("mars") }),
      at("deployments", "linkerd-local-service-mirror", { namespace: "linkerd-multicluster" }),
    ];
    expect(await fleet(["destroy", "--yes"])).toBe("well");
    expect(us.names()).toEqual([
      "deployments/linkerd-local-service-mirror",
      "leases/local-service-mirror-write",
      "leases/somebody-elses",
      "links/apac",
      "services/checkout",
      "services/checkout-federated",
      "services/old-mars",
      "services/reports-apac",
    ]);
    const federated = us.objects.find(({ metadata: { name } }) => name === "checkout-federated");
    expect(federated?.metadata.annotations).toEqual({ [REMOTE]: "checkout@apac", [LOCAL]: "checkout" });
    expect(said.stdout).toContain(
      "us: left alone, because it leads to none of the clusters in question: shop/old-mars.",
    );
  });

  it("takes mirror services of links that nobody remembers, once the cluster knows no Links any more", async () => {
    us.answer = ({ path }) => (path.endsWith("/links") ? { status: 404, body: {} } : undefined);
    us.objects = [...leftovers(), at("services", "old-mars", { labels: ofTarget("mars") })];
    expect(await fleet(["destroy", "--yes"])).toBe("well");
    expect(us.names()).toEqual(["leases/somebody-elses", "services/checkout"]);
  });

  it("keeps its providers, its outputs and its anchor until the rest is done, so that it can be run again", async () => {
    us.objects = leftovers();
    writeFileSync(us.file("fails"), "");
    writeFileSync(
      us.file("destroyed"),
      "Diagnostics:\n  kubernetes:core/v1:Secret (us-token):\n    error: no\n",
    );
    expect(await fleet(["destroy", "--yes"])).toBe("broken");
    expect(said.stderr).toContain("error: no");
    expect(said.stdout).toContain("Resources that are left: us: 1.");
    expect(us.did()).toHaveLength(1);
    expect(us.names()).toEqual(["leases/somebody-elses", "services/checkout"]);
    rmSync(us.file("fails"));
    us.writeState("state.json", [root(), fleetComponent, provider("us"), anchor]);
    us.objects = leftovers();
    expect(await fleet(["destroy", "--yes"])).toBe("well");
    expect(us.names()).toEqual(["leases/somebody-elses", "services/checkout"]);
  });

  it("names a cluster that does not answer, and does not end before it was cleaned", async () => {
    us.writeState("state.json", [root(), fleetComponent, provider("us"), provider("mars"), anchor, secret]);
    expect(await fleet(["destroy", "--yes"])).toBe("attention");
    expect(said.stdout).toMatch(/mars \(context "mars"\): does not answer: .*mars/);
    // Its resources were forgotten before.
    expect(said.stdout).toContain("mars does not answer, and the state held nothing of it any more");
  });

  it("is not ended where something cannot be deleted", async () => {
    us.objects = leftovers();
    us.answer = ({ method, path }) =>
      method === "DELETE" && path.endsWith("/reports-eu")
        ? { status: 403, body: { message: "you may not" } }
        : undefined;
    expect(await fleet(["destroy", "--yes"])).toBe("attention");
    expect(said.stdout).toContain("us: Service shop/reports-eu: you may not");
    expect(us.did()).toHaveLength(1);
  }, 15_000);

  it("is told that it is gone, the second time", async () => {
    us.writeState("state.json", []);
    expect(await fleet(["destroy", "--yes"])).toBe("well");
    expect(said.stdout).toContain("The stack is empty");
    expect(us.did()).toEqual([]);
  });
});

describe("a refusal changes nothing", () => {
  const refused = async (words: string) => {
    expect(await fleet(["destroy", "--yes"])).toBe("notBegun");
    expect(said.stderr).toContain(words);
    expect(said.stderr).toContain("Nothing was changed.");
    expect(us.did()).toEqual([]);
  };

  it("of a stack without a fleet", async () => {
    us.writeState("state.json", [{ urn: urn("aws:s3/bucket:Bucket", "logs"), type: "aws:s3/bucket:Bucket" }]);
    await refused("The stack holds no fleet");
  });

  it("of something protected that is not the fleet's", async () => {
    const bucket = { urn: urn("aws:s3/bucket:Bucket", "logs"), type: "aws:s3/bucket:Bucket", protect: true };
    us.writeState("state.json", [root(), fleetComponent, bucket]);
    await refused(`pulumi state unprotect '${bucket.urn}'`);
  });

  it("of an update that was interrupted", async () => {
    const pending_operations = [{ type: "creating", resource: secret }];
    us.writeState("state.json", [root(), fleetComponent, provider("us")], { pending_operations });
    await refused("run `npx fleet recover` first");
  });

  it("without --yes, where nobody can be asked", async () => {
    expect(await fleet(["destroy"])).toBe("notBegun");
    expect(said.stderr).toContain("Add --yes");
    expect(us.did()).toEqual([]);
  });
});

describe("one stack of several", () => {
  const share = (trust: string) =>
    writeFileSync(
      us.file("Pulumi.dev.yaml"),
      stringify({
        config: {
          "linkerd-fleet:linkerd": { version: "2026.8.3" },
          "linkerd-fleet:trust": { stack: trust, anchors: [{ id: "2026", state: "active" }] },
          "linkerd-fleet:clusters": {
            us: { stack: "dev", context: "us", apiServer: "https://us.example.com" },
            eu: { stack: "other", context: "eu", apiServer: "https://eu.example.com" },
            apac: { stack: "new", context: "apac", apiServer: "https://apac.example.com" },
          },
          "linkerd-fleet:topology": { kind: "mesh" },
          "linkerd-fleet:services": [],
        },
      }),
    );
  const planned = {
    apiServer: "https://eu.example.com",
    ...{ trustDomain: "cluster.local", clusterDomain: "cluster.local", controlPlaneNamespace: "linkerd" },
    ...{ wave: 1, ha: false, charts: { crds: "1", controlPlane: "1", multicluster: "1" } },
  };
  const other = root({
    links: { "eu/us": link("eu", "us") },
    plan: { ...outputs.plan, clusters: { eu: planned } },
  });
  let before: string;

  afterEach(() => process.chdir(before));
  beforeEach(() => {
    before = process.cwd();
    process.chdir(us.folder);
    us.writeState("state.json", [root({ handover: {} }), fleetComponent, provider("us"), anchor, secret]);
  });
  it("that has the anchors does not go before the stacks whose issuers they sign", async () => {
    share("dev");
    us.writeState("other.json", [other]);
    expect(await fleet(["destroy", "--yes"])).toBe("notBegun");
    expect(said.stderr).toContain("other: eu");
    expect(said.stderr).toContain("`npx fleet destroy --stack <stack>`");
    expect(us.did()).toEqual([]);
  });

  it("that has the anchors goes last", async () => {
    share("dev");
    us.writeState("other.json", []);
    expect([await fleet(["destroy", "--yes"]), said.stderr]).toEqual(["well", ""]);
  });

  it("names the stack whose links lose what they use", async () => {
    share("new");
    us.writeState("other.json", [other]);
    expect([await fleet(["destroy", "--yes"]), said.stderr]).toEqual(["well", ""]);
    expect(said.stdout).toContain("The stack other loses what its links use: eu → us.");
  });
});
