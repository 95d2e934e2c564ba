import { readFileSync, writeFileSync } from "node:fs";
import { beforeEach, describe, expect, it } from "vitest";
import { fleet } from "../../../ops/cli";
import { at, deployedFleet, LOCAL, leftovers, REMOTE } from "../../../testing/deployedFleet";
import { printed } from "../../../testing/printed";

const us = deployedFleet();
const said = printed();

describe("tidy", () => {
  const planned = (context: string) => ({
    apiServer: `https://${context}.example.com`,
    context,
    ...{ trustDomain: "cluster.local", clusterDomain: "cluster.local", controlPlaneNamespace: "linkerd" },
    ...{ wave: 1, ha: false, charts: { crds: "1", controlPlane: "1", multicluster: "1" } },
  });
  beforeEach(() => {
    const plan = { schema: 2, anchors: [], clusters: { us: planned("us") } };
    const rest = { clusters: {}, links: {}, services: [], trustBundle: "" };
    writeFileSync(us.file("outputs.json"), JSON.stringify({ ...rest, plan }));
    us.objects = [
      ...leftovers(),
      at("deployments", "linkerd-local-service-mirror", { namespace: "linkerd-multicluster" }),
      at("links", "apac", { namespace: "linkerd-multicluster" }, { spec: { targetClusterName: "apac" } }),
    ];
  });

  it("takes what is left of a link that is gone, and nothing of the others", async () => {
    expect([await fleet(["tidy", "eu", "--yes"]), said.stderr]).toEqual(["well", ""]);
    expect(said.stdout).toContain(
      "us still has Service shop/reports-eu, members of Service shop/checkout-federated, Endpoints shop/reports-eu",
    );
    expect(us.names()).not.toContain("services/reports-eu");
    expect(us.names()).not.toContain("leases/service-mirror-write-eu");
    expect(us.names()).toContain("leases/local-service-mirror-write");
    const federated = us.objects.find(({ metadata: { name } }) => name === "checkout-federated");
    expect(federated?.metadata.annotations).toEqual({ [REMOTE]: "checkout@apac", [LOCAL]: "checkout" });
    said.stdout = "";
    expect(await fleet(["tidy", "eu"])).toBe("well");
    expect(said.stdout).toBe("Nothing is left of links to eu.\n");
  });

  it("does not touch what a Link still feeds, and asks before it deletes anything", async () => {
    expect(await fleet(["tidy", "apac", "--yes"])).toBe("well");
    expect(us.names()).toContain("services/checkout-federated");
    expect(await fleet(["tidy", "eu"])).toBe("notBegun");
    expect(said.stderr).toContain("Add --yes");
    expect(us.names()).toContain("services/reports-eu");
  });

  it("says what comes back after each deletion", async () => {
    us.answer = ({ method, path }) =>
      method === "DELETE" && path.endsWith("/services/reports-eu") ? { body: {} } : undefined;
    expect(await fleet(["tidy", "eu", "--yes"])).toBe("attention");
    expect(said.stdout + said.stderr).toContain(
      "Service shop/reports-eu came back after each deletion: a service mirror still runs there",
    );
  });

  it("empties a cluster that has left the fleet, its own federated services included", async () => {
    writeFileSync(
      us.file("outputs.json"),
      readFileSync(us.file("outputs.json"), "utf8").replaceAll('"us"', '"mars"'),
    );
    us.objects = leftovers();
    expect(await fleet(["tidy", "eu", "apac", "--in", "us", "--yes"])).toBe("attention");
    expect(us.names()).toEqual(["leases/somebody-elses", "services/checkout"]);
    // The other cluster of the fleet does not answer.
    expect(said.stdout).toMatch(/^mars: /m);
  });
});
