import * as kubernetes from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import type { ChartPlan } from "../../fleet/linkerd/charts";
import type { Values } from "../../fleet/linkerd/values";

export interface ChartReleaseArgs {
  readonly namespace: string;
  readonly chart: ChartPlan;
  readonly values: Values;
  readonly timeoutSeconds: number;
  /** A secret configuration value of this stack. */
  readonly secret: (key: string) => pulumi.Output<string>;
}

/** One chart as a Helm release, waited for until its workloads are available. */
export function chartRelease(
  name: string,
  args: ChartReleaseArgs,
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
      ...repositoryOpts(args),
      values: args.values,
      timeout: args.timeoutSeconds,
      // A failed upgrade goes back to the release before it, a failed install leaves nothing half made. But where it
      // was made over objects that existed, taking it away would take those away.
      ...(chart.adopt === "objects" ? { takeOwnership: true } : { atomic: true }),
    },
    chart.adopt === "release" ? { ...opts, import: `${args.namespace}/${chart.release}` } : opts,
  );
}

function repositoryOpts({
  chart,
  secret,
}: ChartReleaseArgs): Pick<kubernetes.helm.v3.ReleaseArgs, "repositoryOpts"> {
  const { repository, credentials } = chart;
  if (repository === undefined && !credentials) return {};
  return {
    repositoryOpts: {
      ...(repository === undefined ? {} : { repo: repository }),
      ...(credentials && { username: credentials.username, password: secret(credentials.password.secret) }),
    },
  };
}
