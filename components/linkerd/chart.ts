import * as kubernetes from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import type { ChartPlan } from "../../fleet/linkerd/charts";
import type { ReleasePlan } from "../../fleet/linkerd/releases";

/**
 * One chart as a Helm release, waited for until its workloads are available. `secret`: a secret configuration value
 * of this stack.
 */
export function chartRelease(
  name: string,
  args: ReleasePlan,
  secret: (key: string) => pulumi.Output<string>,
  opts: pulumi.CustomResourceOptions,
): kubernetes.helm.v3.Release {
  const { chart } = args;
  return new kubernetes.helm.v3.Release(
    name,
    {
      name: chart.release,
      namespace: args.namespace,
      chart: chart.chart,
      version: chart.version,
      ...repositoryOpts(chart, secret),
      values: args.values,
      timeout: args.timeoutSeconds,
      // A failed upgrade goes back to the release before it, a failed install leaves nothing half made. But where it
      // was made over objects that existed, taking it away would take those away.
      ...(chart.adopt === "objects" ? { takeOwnership: true } : { atomic: true }),
    },
    chart.adopt === "release" ? { ...opts, import: `${args.namespace}/${chart.release}` } : opts,
  );
}

function repositoryOpts(
  { repository, credentials }: ChartPlan,
  secret: (key: string) => pulumi.Output<string>,
): Pick<kubernetes.helm.v3.ReleaseArgs, "repositoryOpts"> {
  if (repository === undefined && !credentials) return {};
  return {
    repositoryOpts: {
      ...(repository === undefined ? {} : { repo: repository }),
      ...(credentials && { username: credentials.username, password: secret(credentials.password.secret) }),
    },
  };
}
