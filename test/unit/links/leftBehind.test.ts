import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Gone, leasesOf, targetsOf, withoutGone } from "../../../fleet/links/leftBehind";

const MIRRORED = { "mirror.linkerd.io/mirrored-service": "true" };
const REMOTE = "multicluster.linkerd.io/remote-discovery";
const LOCAL = "multicluster.linkerd.io/local-discovery";

interface Service {
  readonly labels: Record<string, string>;
  readonly annotations: Record<string, string>;
}

const cluster = fc.constantFrom("us", "eu", "eu2", "apac", "latam");
const clusters = fc.uniqueArray(cluster);
const gone: fc.Arbitrary<Gone> = fc.record({
  targets: clusters.map((names) => new Set(names)),
  own: fc.boolean(),
});
const mirror = cluster.map(
  (target): Service => ({
    labels: { ...MIRRORED, "mirror.linkerd.io/cluster-name": target },
    annotations: {},
  }),
);
const federated = fc
  .record({ members: clusters, own: fc.boolean() })
  .filter(({ members, own }) => own || members.length > 0)
  .map(
    ({ members, own }): Service => ({
      labels: { ...MIRRORED, app: "checkout" },
      annotations: {
        "example.com/owner": "shop",
        ...(members.length > 0 && { [REMOTE]: members.map((name) => `checkout@${name}`).join() }),
        ...(own && { [LOCAL]: "checkout" }),
      },
    }),
  );
const service = fc.oneof(mirror, federated);

/** As an API server applies it. */
function applied(of: Service, gone: Gone): Service | undefined {
  const next = withoutGone(of, gone);
  if (next === "delete") return undefined;
  const annotations = Object.entries({ ...of.annotations, ...next }).flatMap(([key, value]) =>
    value === null ? [] : [[key, value] as const],
  );
  return { ...of, annotations: Object.fromEntries(annotations) };
}

const isOwn = ({ annotations }: Service) => Boolean(annotations[LOCAL]);

describe("what is left of a mirror service when its links are gone", () => {
  it("leads to none of their targets, and still to all others", () => {
    fc.assert(
      fc.property(service, gone, (of, gone) => {
        const left = applied(of, gone);
        const staying = targetsOf(of).filter((name) => !gone.targets.has(name));
        const stays = staying.length > 0 || (isOwn(of) && !gone.own);
        expect(left !== undefined).toBe(stays);
        if (!left) return;
        expect(targetsOf(left)).toEqual(staying);
        expect(isOwn(left)).toBe(isOwn(of) && !gone.own);
        expect(left.annotations["example.com/owner"]).toBe(of.annotations["example.com/owner"]);
      }),
    );
  });

  it("is the same whatever goes first, and a second time changes nothing", () => {
    fc.assert(
      fc.property(service, gone, gone, (of, one, other) => {
        const both = { targets: new Set([...one.targets, ...other.targets]), own: one.own || other.own };
        const first = applied(of, one);
        const visible = (left: Service | undefined) => left && [targetsOf(left), isOwn(left)];
        expect(visible(first && applied(first, other))).toEqual(visible(applied(of, both)));
        const left = applied(of, both);
        if (left) expect(withoutGone(left, both)).toBeUndefined();
      }),
    );
  });

  it("is everything, of a Service that no service mirror made", () => {
    fc.assert(
      fc.property(service, gone, ({ annotations, labels: { ...labels } }, gone) => {
        delete labels["mirror.linkerd.io/mirrored-service"];
        expect(withoutGone({ labels, annotations }, gone)).toBeUndefined();
      }),
    );
  });

  it("keeps the annotation of its members, empty, as Linkerd does, where the cluster itself is the last", () => {
    const of = { labels: MIRRORED, annotations: { [REMOTE]: "checkout@eu", [LOCAL]: "checkout" } };
    expect(withoutGone(of, { targets: new Set(["eu"]), own: false })).toEqual({ [REMOTE]: "" });
    const own = { labels: MIRRORED, annotations: { [REMOTE]: "checkout@eu", [LOCAL]: "checkout" } };
    expect(withoutGone(own, { targets: new Set(), own: true })).toEqual({
      [REMOTE]: "checkout@eu",
      [LOCAL]: null,
    });
  });
});

it("the Leases of service mirrors go with them", () => {
  expect(leasesOf({ targets: new Set(["eu", "apac"]), own: false })).toEqual([
    "service-mirror-write-eu",
    "service-mirror-write-apac",
  ]);
  expect(leasesOf({ targets: new Set(), own: true })).toEqual(["local-service-mirror-write"]);
});
