import { expect, it } from "vitest";
import { exported } from "../../../ops/recover/state";
import { forget } from "../../../ops/state/forget";

const urn = (name: string) => `urn:pulumi:dev::linkerd-fleet::t::${name}`;
const providerUrn = (cluster: string) =>
  `urn:pulumi:dev::linkerd-fleet::linkerd-fleet:fleet:Fleet$pulumi:providers:kubernetes::${cluster}`;
const of = (cluster: string, name: string, more: object = {}) => ({
  urn: urn(name),
  type: "kubernetes:core/v1:Secret",
  provider: `${providerUrn(cluster)}::id`,
  ...more,
});

it("forgetting a cluster takes its resources, and the others' dependencies on them, and nothing else", () => {
  const provider = { urn: providerUrn("apac"), type: "pulumi:providers:kubernetes", id: "id" };
  const kept = { dependencies: [urn("us-release")], propertyDependencies: { data: [], metadata: [] } };
  const state = exported.parse({
    version: 3,
    deployment: {
      resources: [
        provider,
        of("apac", "token"),
        of("apac2", "other"),
        of("us", "credentials", {
          dependencies: [urn("us-release"), urn("token")],
          propertyDependencies: { data: [urn("token")], metadata: null },
        }),
      ],
    },
  });
  expect(forget(state, "apac").deployment.resources).toEqual([
    provider,
    of("apac2", "other"),
    of("us", "credentials", kept),
  ]);
});
