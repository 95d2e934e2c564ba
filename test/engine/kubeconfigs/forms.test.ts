/**
 * Kubeconfigs in the forms in which people have them, read by kubectl and by our programs. No row differs. Left out is
 * what means the same in another spelling (`API.example.com`, a port `0443`), what no tool writes (a second JSON
 * document, keys of more than 1024 characters, data as a list of numbers), and a port above 65535, which our programs
 * refuse before they ask a proxy for it.
 */
import {
  authority,
  base64,
  bearer,
  config,
  type Row,
  readSideBySide,
  secure,
  token,
  trusted,
} from "../../../testing/sideBySide";
import { asBearer, one, refused, sound, withToken, written } from "./rows";

const utf16 = (text: string) => Buffer.from(`\ufeff${text}`, "utf16le");
const notYaml = refused(/cannot be read as YAML/);
const notText = refused(/users.0.user.token cannot be read/);

const TOOLS: Record<string, () => Row> = {
  "of `aws eks update-kubeconfig`": () => ({
    ...written(
      sound()
        .replaceAll(/(cluster|user|name): (eu|admin)$/gm, "$1: arn:aws:eks:eu-west-1:123456789012:cluster/eu")
        .replace(/(contexts:\n {2}- name:) .*/, "$1 eu"),
    ),
    asked: bearer,
  }),
  "of minikube, with extensions": () => ({
    ...one(
      trusted({ extensions: [{ name: "cluster_info", extension: { provider: "minikube.sigs.k8s.io" } }] }),
      token,
      {
        preferences: { colors: true },
        contexts: [
          {
            name: "eu",
            context: { cluster: "eu", user: "admin", extensions: [{ name: "context_info", extension: {} }] },
          },
        ],
      },
    ),
    asked: bearer,
  }),
  "of Rancher, with a path": () => ({
    ...one(trusted({ server: `${secure()}/k8s/clusters/c-m-abcdefgh` })),
    asked: { ...bearer, path: "/k8s/clusters/c-m-abcdefgh/api" },
  }),
  "of Windows PowerShell, in UTF-16": () => ({
    ...written(utf16(sound().replaceAll("\n", "\r\n"))),
    asked: bearer,
  }),
  "in UTF-16 of the other order": () => ({ ...written(utf16(sound()).swap16()), asked: bearer }),
  "of an editor of Windows, with a byte order mark": () => ({
    ...written(`\ufeff${sound()}`),
    asked: bearer,
  }),
  "with line ends of old Macs": () => ({ ...written(sound().replaceAll("\n", "\r")), asked: bearer }),
  "with a comment that is no UTF-8": () => ({
    ...written(Buffer.from(`# f\xfcr uns\n${sound()}`, "latin1")),
    ...refused(/is no UTF-8 text/),
  }),
  "with the colours of a terminal": () => ({ ...written(`# \u001b[1m\n${sound()}`), ...notYaml }),
  "JSON with tabs": () => ({
    ...written(JSON.stringify(config(trusted(), token), null, "\t")),
    asked: bearer,
  }),
  "JSON of PHP, with \\/": () => ({
    ...written(JSON.stringify(config(trusted(), token)).replaceAll("/", "\\/")),
    ...notYaml,
  }),
  "with a template's braces": () => ({ ...withToken("{{ .token }}"), ...notYaml }),
};

const WRITTEN: Record<string, () => Row> = {
  "a merge behind a key of its own, which it takes": () => ({
    ...written(
      `x: &d { server: '${secure()}/merged' }\nclusters:\n- name: eu\n  cluster:\n    server: ${secure()}\n` +
        `    certificate-authority-data: ${base64(authority.certificate)}\n    <<: *d\n` +
        "users: [{ name: admin, user: { token: t } }]\ncontexts: [{ name: eu, context: { cluster: eu, user: admin } }]\n",
    ),
    asked: { ...bearer, path: "/merged/api" },
  }),
  "a merge of two, of which the first wins": () => ({
    ...written(
      `x: &d { server: '${secure()}/first' }\ny: &e { server: '${secure()}/second', ` +
        `certificate-authority-data: ${base64(authority.certificate)} }\n` +
        "clusters: [{ name: eu, cluster: { <<: [*d, *e] } }]\n" +
        "users: [{ name: admin, user: { token: t } }]\ncontexts: [{ name: eu, context: { cluster: eu, user: admin } }]\n",
    ),
    asked: { ...bearer, path: "/first/api" },
  }),
  "150 aliases": () => ({
    ...written(
      `x: &d { token: t }\n${sound()}`.replace(
        /users:[\s\S]*?(?=contexts)/,
        `users:\n- { name: admin, user: *d }\n${Array.from({ length: 150 }, (_, at) => `- { name: u${at}, user: *d }\n`).join("")}`,
      ),
    ),
    asked: bearer,
  }),
  "12:34:56, which is a text": () => ({ ...withToken("12:34:56"), asked: asBearer("12:34:56") }),
  "1234e5678, which no number can be": () => ({ ...withToken("1234e5678"), asked: asBearer("1234e5678") }),
  "12e34, which is a number": () => ({ ...withToken("12e34"), ...notText }),
  "0o17, which is a number": () => ({ ...withToken("0o17"), ...notText }),
  "1_000, which is a number": () => ({ ...withToken("1_000"), ...notText }),
  "089, which is a number": () => ({ ...withToken("089"), ...notText }),
  "y, which is a truth": () => ({ ...withToken("y"), ...notText }),
  "a tag of a text": () => ({ ...withToken("!!str 123"), asked: asBearer("123") }),
  "a tag of bytes": () => ({ ...withToken("!!binary dA=="), asked: bearer }),
  "a tag of a date": () => ({ ...withToken("!!timestamp 2026-08-01"), asked: asBearer("2026-08-01") }),
  "a tag that does not fit": () => ({ ...written(`${sound()}x: !!bool hello\n`), ...notYaml }),
  "keys that are a number and a truth": () => ({ ...written(`${sound()}1: a\ntrue: b\n`), asked: bearer }),
  "a key that is null": () => ({ ...written(`${sound()}null: a\n`), ...notYaml }),
  "a key that is a list": () => ({ ...written(`${sound()}? [a]\n: b\n`), ...notYaml }),
  "a number without an end": () => ({ ...written(`${sound()}x: .inf\n`), ...notYaml }),
  "entries that are null": () => ({
    ...written(sound().replace("users:", "users:\n  - null")),
    asked: bearer,
  }),
  "preferences that are a list": () => ({
    ...one(trusted(), token, { preferences: [] }),
    ...refused(/preferences cannot be read/),
  }),
  "two extensions of one name": () => ({
    ...one(
      trusted({
        extensions: [
          { name: "x", extension: {} },
          { name: "x", extension: {} },
        ],
      }),
    ),
    ...refused(/extensions cannot be read/),
  }),
};

readSideBySide({ ...TOOLS, ...WRITTEN });
