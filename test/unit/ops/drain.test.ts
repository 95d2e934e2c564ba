import { expect, it } from "vitest";
import { federatedMembers } from "../../../fleet/links/mirrors";
import { plain } from "../../../live/shapes";
import { remainingMirrors } from "../../../ops/drain/remaining";

const FEDERATED = "multicluster.linkerd.io/remote-discovery";
const made = (name: string, labels: object, annotations: object = {}) =>
  plain.parse({ metadata: { name, namespace: "shop", labels, annotations } });

it("what still leads to a target: its mirrors and its memberships, not its probe, not those of others", () => {
  const of = (cluster: string) => ({ "mirror.linkerd.io/cluster-name": cluster });
  const services = [
    made("reports-eu", of("eu")),
    made("reports-eu2", of("eu2")),
    made("probe-eu", { ...of("eu"), "mirror.linkerd.io/mirrored-gateway": "true" }),
    made("checkout-federated", {}, { [FEDERATED]: "checkout@us,checkout@eu" }),
    made("cart-federated", {}, { [FEDERATED]: "cart@eu2" }),
    made("reports", {}),
  ];
  expect(remainingMirrors(services, "eu")).toEqual([
    "shop/reports-eu",
    "shop/checkout-federated (federated)",
  ]);
});

it("an entry of another form is no member, as Linkerd follows none", () => {
  const entries = ["eu", "@", "checkout@eu@us", "checkout@us@eu", "checkout@eu2", " ", ""];
  const [of, alone] = [
    made("checkout-federated", {}, { [FEDERATED]: entries.join(",") }),
    made("cart-federated", {}, { [FEDERATED]: `${entries.join(",")},cart@eu` }),
  ];
  expect(remainingMirrors([of, alone], "eu")).toEqual(["shop/cart-federated (federated)"]);
  expect(federatedMembers(alone.metadata.annotations).map(({ text }) => text)).toEqual([
    "@",
    "checkout@eu2",
    "cart@eu",
  ]);
});
