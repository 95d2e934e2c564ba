import { parse } from "yaml";
import { z } from "zod";
import type { Secret } from "../../live/shapes";

/** What a credentials Secret opens. */
export interface Credentials {
  readonly server: string;
  /** Base64 of PEM. */
  readonly caData: string;
  readonly user: string;
  readonly token: string;
}

const text = z.string();
const kubeconfig = z.object({
  clusters: z.tuple([z.object({ cluster: z.object({ server: text, "certificate-authority-data": text }) })]),
  users: z.tuple([z.object({ name: text, user: z.object({ token: text }) })]),
});

/** `undefined` if it is not one cluster with its CA and one user with a token, which is all that Linkerd can use. */
export function parseCredentials(secret: Secret | undefined): Credentials | undefined {
  const content = Buffer.from(secret?.data.kubeconfig ?? "", "base64").toString("utf8");
  const parsed = kubeconfig.safeParse(parseYaml(content));
  if (!parsed.success) return undefined;
  const [{ cluster }] = parsed.data.clusters;
  const [{ name, user }] = parsed.data.users;
  return {
    server: cluster.server,
    caData: cluster["certificate-authority-data"],
    user: name,
    token: user.token,
  };
}

function parseYaml(text: string): unknown {
  try {
    return parse(text);
  } catch {
    return undefined;
  }
}
