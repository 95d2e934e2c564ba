import { describe, expect, it } from "vitest";
import { fleet } from "../../../ops/cli";
import { deployedFleet } from "../../../testing/deployedFleet";
import { printed } from "../../../testing/printed";

const us = deployedFleet();
const said = printed();
const forbidden = { status: 403, body: { message: "you may not" } };

describe("recover looks for Helm operations that never ended", () => {
  it("and says which cluster it could not look into, instead of that all is well", async () => {
    us.answer = ({ path }) => (path === "/us/api/v1/secrets" ? forbidden : undefined);
    expect([await fleet(["recover", "--yes"]), said.stderr]).toEqual(["attention", ""]);
    expect(said.stdout).toContain("Whether Helm hangs in cluster us is unknown: you may not");
    expect(said.stdout).not.toContain("Recovered. ");
  });

  it("and says which record is still there", async () => {
    const metadata = { name: "sh.helm.release.v1.linkerd-crds.v1", namespace: "linkerd" };
    const labels = { owner: "helm", name: "linkerd-crds", status: "pending-install" };
    const list = { body: { metadata: {}, items: [{ metadata: { ...metadata, labels } }] } };
    us.answer = ({ method, path }) =>
      path === "/us/api/v1/secrets" ? list : method === "DELETE" ? forbidden : undefined;
    expect([await fleet(["recover", "--yes"]), said.stderr]).toEqual(["attention", ""]);
    expect(said.stdout).toContain(`The record ${metadata.name} is still in cluster us: you may not`);
  });

  it("and is done where there is none", async () => {
    expect([await fleet(["recover", "--yes"]), said.stderr]).toEqual(["well", ""]);
    expect(said.stdout).toContain("Recovered. ");
  });
});
