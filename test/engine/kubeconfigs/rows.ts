import { stringify } from "yaml";
import { config, type Entry, type Row, servers, token, trusted } from "../../../testing/sideBySide";

export const one = (cluster: Entry, user: Entry = token, more: Entry = {}) => ({
  files: { kubeconfig: config(cluster, user, more) },
});
export const written = (kubeconfig: string | Buffer) => ({ files: { kubeconfig } });
export const sound = () => stringify(config(trusted(), token));
export const withToken = (yaml: string) => written(sound().replace("token: t\n", `token: ${yaml}\n`));
export const asBearer = (text: string) => ({ authorization: `Bearer ${text}` });
export const plain = () => `http://127.0.0.1:${servers.ports.plain}`;

/** Nothing is asked. */
export const refused = (told: RegExp): Pick<Row, "asked" | "told"> => ({ asked: undefined, told });
