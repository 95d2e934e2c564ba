import { describe, expect, it } from "vitest";
import type { Link } from "../../../lab/standins/mirror/objects";
import { statusOf } from "../../../lab/standins/mirror/status";
import {
  changesOf,
  EXPORTED,
  FEDERATED,
  LOCAL_DISCOVERY,
  linkTo,
  NOW,
  OWN,
  REMOTE_DISCOVERY,
  Source,
  service,
} from "../../../testing/mirrorSource";

describe("a federated service", () => {
  const [eu, apac] = [linkTo("eu", {}, "2026-01-02T00:00:00Z"), linkTo("apac", {}, "2026-01-01T00:00:00Z")];
  const member = (team: string, port = 80) =>
    service("checkout", { [FEDERATED]: "member", team }, { spec: { ports: [{ port }] } });

  it("has its members come and go, and goes with the last", () => {
    const source = new Source([eu, apac]);
    source.look(eu, [member("eu")]);
    source.look(apac, [member("apac")]);
    expect(source.annotation("shop/checkout-federated", REMOTE_DISCOVERY)).toBe("checkout@eu,checkout@apac");
    expect(source.annotation("shop/checkout-federated", LOCAL_DISCOVERY)).toBeUndefined();
    source.look(OWN, [member("own")]);
    expect(source.annotation("shop/checkout-federated", LOCAL_DISCOVERY)).toBe("checkout");
    source.look(eu, [service("checkout", {})]);
    expect(source.annotation("shop/checkout-federated", REMOTE_DISCOVERY)).toBe("checkout@apac");
    source.look(apac, []);
    expect(source.annotation("shop/checkout-federated", REMOTE_DISCOVERY)).toBe("");
    source.look(OWN, [service("checkout", {})]);
    expect(source.service("shop/checkout-federated")).toBeUndefined();
  });

  it("has no cluster's name and no Endpoints", () => {
    const source = new Source([eu]);
    source.look(eu, [member("eu")]);
    expect(source.service("shop/checkout-federated")?.metadata?.labels).toEqual({
      team: "eu",
      "mirror.linkerd.io/mirrored-service": "true",
    });
    expect(source.endpoints.size).toBe(0);
  });

  it("has the metadata and ports of the cluster's own member, else of the one with the oldest Link", () => {
    const source = new Source([eu, apac]);
    const team = () => source.service("shop/checkout-federated")?.metadata?.labels?.team;
    const [ofEu, ofApac] = [member("eu", 81), member("apac", 82)];
    source.look(eu, [ofEu]);
    source.look(apac, [ofApac]);
    expect(team()).toBe("apac");
    source.look(eu, [ofEu]);
    expect(team()).toBe("apac");
    expect(source.service("shop/checkout-federated")?.spec?.ports?.[0]?.port).toBe(82);
    source.look(OWN, [member("own", 83)]);
    source.look(apac, [ofApac]);
    expect(team()).toBe("own");
    expect(source.service("shop/checkout-federated")?.spec?.ports?.[0]?.port).toBe(83);
  });

  it("takes no headless member, and the status says so", () => {
    const source = new Source([eu]);
    const headless = service("checkout", { [FEDERATED]: "member" }, { spec: { clusterIP: "None" } });
    const outcomes = source.look(eu, [headless]);
    expect(changesOf(outcomes)).toEqual([]);
    expect(outcomes[0]?.report?.condition.reason).toBe("InvalidService");
  });
});

describe("the status of a Link", () => {
  const link = linkTo("eu");
  const both = service("reports", { [EXPORTED]: "true", [FEDERATED]: "member" });

  it("is written when it says something else, and keeps the time of what stays", () => {
    const source = new Source([link]);
    const status = statusOf(link, source.look(link, [both]), NOW) as NonNullable<Link["status"]>;
    const told = { ...link, status };
    expect(statusOf(told, source.look(link, [both]), "later")).toBeUndefined();
    const second = service("second", { [EXPORTED]: "true" });
    const next = statusOf(told, source.look(link, [both, second]), "later") as NonNullable<Link["status"]>;
    expect(next.mirrorServices?.map(({ conditions }) => conditions[0]?.lastTransitionTime)).toEqual([
      NOW,
      "later",
    ]);
    expect(next.federatedServices).toBeUndefined();
  });

  it("goes on listing the last one that left, as Linkerd's does", () => {
    const source = new Source([link]);
    const status = statusOf(link, source.look(link, [both]), NOW) as NonNullable<Link["status"]>;
    expect(statusOf({ ...link, status }, source.look(link, []), "later")).toBeUndefined();
  });
});
