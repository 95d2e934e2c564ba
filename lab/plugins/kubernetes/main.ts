import type { Plugin } from "../provider";
import { difference, type Props, text } from "../values";
import { accessOf, Client, load, type Settings, type Switches, switchNames } from "./client";
import { objects } from "./objects";
import { releases } from "./release";

/** Without effect here: what they quieten or choose is not in the stand-in, or is what it always does. */
const ignored = "version helmReleaseSettings enableServerSideApply suppressHelmHookWarnings";
const known = new Set([
  ...switchNames,
  ...`kubeconfig context clusterIdentifier namespace kubeClientSettings suppressDeprecationWarnings ${ignored}`.split(
    " ",
  ),
]);

const settingsOf = (config: Props): Settings => ({
  kubeconfig: text(config.kubeconfig),
  context: text(config.context),
  identifier: text(config.clusterIdentifier),
  namespace: text(config.namespace),
  timeoutSeconds: Number(JSON.parse(text(config.kubeClientSettings) ?? "{}").timeout ?? 32),
  quiet: config.suppressDeprecationWarnings === "true",
});

/** The `kubernetes` plugin: any object of an API server, and `helm.v3.Release`. */
export function kubernetes(): Plugin {
  let byType: ((type: string) => ReturnType<typeof objects>) | undefined;
  return {
    name: "kubernetes",
    configure(config) {
      const lacking = Object.keys(config).filter((key) => !known.has(key));
      if (lacking.length > 0)
        throw new Error(
          `the lab's stand-in for the kubernetes plugin has no provider argument ${lacking.join(", ")}`,
        );
      const client = new Client(settingsOf(config));
      const on = switchNames.map((name) => [name, config[name] === "true" || config[name] === true]);
      const switches: Switches = Object.fromEntries(on);
      const helm = releases(client, switches);
      const others = objects(client, switches);
      byType = (type) => (type === "kubernetes:helm.sh/v3:Release" ? helm : others);
    },
    diffConfig(olds, news) {
      for (const { kubeconfig } of [olds, news]) load(text(kubeconfig));
      const changes = difference(olds, news);
      const [before, after] = [olds.clusterIdentifier, news.clusterIdentifier];
      if (changes.length === 0 || (before !== undefined && before === after)) return changes;
      // Both given and different: another cluster. Otherwise the kubeconfig's active cluster decides.
      const other = before !== undefined && after !== undefined;
      return changes.map((change) => ({
        ...change,
        replace:
          change.path === "clusterIdentifier"
            ? other
            : /^(kubeconfig|context)$/.test(change.path) && stanza(olds) !== stanza(news),
      }));
    },
    resource(type) {
      // Overlays of the official plugin that are not objects of an API server.
      if (/^kubernetes:(helm\.sh\/(v3:Chart|v4:)|yaml:|kustomize:)/.test(type)) return undefined;
      return byType?.(type);
    },
  };
}

function stanza(config: Props): string {
  try {
    return JSON.stringify(accessOf(text(config.kubeconfig), text(config.context)).cluster);
  } catch {
    // An unknown kubeconfig, or one without that context, is a different cluster for all the plugin can tell.
    return "";
  }
}

export const plugin = kubernetes();
