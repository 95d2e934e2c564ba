import { expect, test } from "vitest";
import type { z } from "zod";
import { planFleet } from "../../../fleet/plan";
import type { LiveCluster, Read } from "../../../live/cluster";
import { readState } from "../../../ops/access/read";
import { cluster, fleetOf } from "../../../testing/fleets";
import { server } from "../effective/requests";

test("a ConfigMap linkerd-config that holds no YAML is a reason in words, which quote nothing of it", async () => {
  const [us] = planFleet(fleetOf({ us: cluster("us") }, {})).clusters;
  if (!us) throw new Error("no us");
  const read = await readState(
    {
      get: async (_, shape) => ({ state: "found", value: shape.parse({ data: { values: "a: [" } }) }),
      list: async () => ({ state: "missing" }),
    },
    us,
    false,
  );
  const message = "the ConfigMap linkerd/linkerd-config of us holds no values of the chart";
  expect(read).toEqual({ state: "failed", why: "other", message });
});

test("an object that Linkerd cannot read does not hide the others", async () => {
  const [us] = planFleet(fleetOf({ us: cluster("us") }, {})).clusters;
  if (!us) throw new Error("no us");
  const podSelector = { matchLabels: { app: 7 } };
  const lists: Readonly<Record<string, object[]>> = {
    "/apis/policy.linkerd.io/v1beta3/servers": [server("odd", { podSelector }), server("web")],
  };
  const parsed = <T>(shape: z.ZodType<T>, of: unknown): Read<T> => {
    const { data, error } = shape.safeParse(of);
    return error
      ? { state: "failed", why: "other", message: error.message }
      : { state: "found", value: data };
  };
  const live: Pick<LiveCluster, "get" | "list"> = {
    get: async (_, shape) => parsed(shape, { metadata: { name: "linkerd-config" }, data: {} }),
    list: async (path, item) => parsed(item.array(), lists[path] ?? []),
  };
  const read = await readState(live, us, false);
  expect(read.state === "found" && read.value.objects.servers.map(({ metadata }) => metadata.name)).toEqual([
    "web",
  ]);
});
