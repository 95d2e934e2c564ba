import { parse } from "yaml";
import { z } from "zod";
import type { Secret } from "../../live/shapes";

/** What a credentials Secret opens. */
export interface Credentials {
  readonly server: string;
  /** Name that the server's certificate is for; absent where it is the server's host. */
  readonly tlsServerName: string | undefined;
  /** Base64 of PEM. */
  readonly caData: string;
  readonly user: string;
  readonly token: string;
}

const text = z.string();
const cluster = z.object({
  server: text,
  "tls-server-name": text.optional(),
  "certificate-authority-data": text,
});
const kubeconfig = z.object({
  clusters: z.tuple([z.object({ cluster })]),
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
    tlsServerName: cluster["tls-server-name"],
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
