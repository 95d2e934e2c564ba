import { describe, expect, it } from "vitest";
import type { ClusterPlan } from "../../../fleet/clusters/plan";
import { EXPIRY_METRIC } from "../../../fleet/observability/alerts";
import { asked, checkout, DAY, inUse, NOW, planned } from "../../../testing/metrics/inUse";
import * as metrics from "../../../testing/metrics/recorded";

const audited = planned(["eu", "us"], {
  services: [{ ...checkout, in: ["eu", "us"], enforce: "audit", probes: [] }],
});
const [eu] = audited;

describe("alerts", () => {
  const fires = (of: ClusterPlan | undefined, series: readonly metrics.Stored[]) => {
    if (!of) throw new Error("no such cluster");
    const names = [...new Set(of.observability?.alerts.map(({ alert }) => alert))];
    const firing = asked(of, series, [], names).firing.map(({ alertname = "" }) => alertname);
    for (const name of firing) seen.add(name);
    return firing;
  };
  const seen = new Set<string>();
  const members = (...pods: readonly (readonly [member: string, pods: string])[]) =>
    metrics.scraped(
      metrics.controlPlanePod("destination"),
      metrics.destination(
        2,
        pods.map(([member, values]) => [member, "shop", "checkout", values] as const),
      ),
    );
  const gone = "3x30 0x100";
  const there = metrics.gauge(3);
  const LAST = "LinkerdServiceLastMember";
  const [first] = planned(["eu", "us", "ap"]).filter(({ name }) => name === "us");

  it("do not fire in a fleet in use, but for what is wrong there", () => {
    expect(fires(eu, inUse("us", 2))).toEqual(["LinkerdAuditWouldRefuse"]);
  });

  it("tell a service that is down to its last member, or to none", () => {
    expect(fires(first, members(["local", there], ["eu", gone], ["ap", there]))).not.toContain(LAST);
    expect(fires(first, members(["local", there], ["eu", gone], ["ap", gone]))).toContain(LAST);
    expect(fires(first, members(["local", gone], ["eu", gone], ["ap", gone]))).toContain(LAST);
  });

  it("do not tell of members that an evacuation took away on purpose", () => {
    const [two] = planned(["eu", "us"], {}, "eu").filter(({ name }) => name === "us");
    expect(fires(two, members(["local", there], ["eu", gone]))).not.toContain(LAST);
    const [three] = planned(["eu", "us", "ap"], {}, "eu").filter(({ name }) => name === "us");
    // Linkerd forgets a member that carries no export label any more.
    expect(fires(three, members(["local", there], ["ap", there]))).not.toContain(LAST);
    expect(fires(three, members(["local", there], ["ap", gone]))).toContain(LAST);
    // The evacuated cluster's own pods, called as its local Service, do not hide that its last other member is alone.
    const [own] = planned(["eu", "us", "ap"], {}, "eu").filter(({ name }) => name === "eu");
    expect(fires(own, members(["local", there], ["us", there], ["ap", gone]))).toContain(LAST);
  });

  it("do not take the local Service, called by its own name, for a federated service with one member", () => {
    expect(fires(first, members(["local", there]))).not.toContain(LAST);
  });

  it("expect a destination controller to know the targets whose endpoints it reads, and no others", () => {
    const gateway = [{ ...checkout, mode: "gateway", in: ["us"], allowGateway: true }];
    const topology = { kind: "links", links: [{ source: "eu", target: "us", modes: ["gateway"] }] };
    const only = planned(["eu", "us"], { services: gateway, topology });
    const store = metrics.scraped(metrics.controlPlanePod("destination"), metrics.destination(0, []));
    expect(fires(only[0], store)).not.toContain("LinkerdTargetUnknown");
    expect(fires(eu, store)).toContain("LinkerdTargetUnknown");
  });

  it("tell a dead gateway, a service mirror that does not run, and certificates near their end", () => {
    const fired = fires(eu, [
      ...metrics.scraped(metrics.controlPlanePod("identity"), metrics.identity(DAY)),
      ...metrics.scraped(metrics.proxyOf("shop", "web"), metrics.anyProxy("v2.366.0", NOW * 60 + 60)),
      ...metrics.scraped({ job: "node" }, [
        {
          name: EXPIRY_METRIC,
          labels: { kind: "anchor", cluster: "eu", name: "2026" },
          values: metrics.gauge(DAY),
        },
      ]),
    ]);
    expect(fired).toEqual(
      expect.arrayContaining([
        "LinkerdLinkNotMirroring",
        "LinkerdIssuerNearExpiry",
        "LinkerdFleetExpiry",
        "LinkerdIdentityNotRenewed",
      ]),
    );
    const gateway = { services: [{ ...checkout, mode: "gateway", in: ["us"], allowGateway: true }] };
    const [probing] = planned(["eu", "us"], gateway);
    expect(fires(probing, metrics.scraped(metrics.mirrorPod("us"), metrics.mirror("us", 0)))).toContain(
      "LinkerdGatewayDown",
    );
  });

  it("were all seen firing above", () => {
    const gateway = { services: [{ ...checkout, mode: "gateway", in: ["us"], allowGateway: true }] };
    const all = [...audited, ...planned(["eu", "us"], gateway)].flatMap(
      ({ observability: of }) => of?.alerts ?? [],
    );
    expect([...new Set(all.map(({ alert }) => alert))].filter((name) => !seen.has(name))).toEqual([]);
  });
});
