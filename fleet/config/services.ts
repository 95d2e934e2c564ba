import { z } from "zod";
import { clusterName, mode, namespaceName, serviceName } from "./common";

export const serviceConfig = z.strictObject({
  name: serviceName.describe("Name of an existing Service, the same in every exporting cluster"),
  namespace: namespaceName.describe("Its namespace, the same in every cluster"),
  mode: mode.describe(
    "`gateway`: mirrored as `<name>-<cluster>` through the gateway; `flat`: the same, pod to pod; " +
      "`federated`: one `<name>-federated` over all members, pod to pod",
  ),
  in: z.array(clusterName).min(1).describe("The clusters that export it"),
  headless: z.boolean().default(false).describe("The Service has no cluster IP"),
});
export type ServiceConfig = z.infer<typeof serviceConfig>;
