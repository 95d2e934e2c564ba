/**
 * Kubeconfigs in the forms in which people have them, read by kubectl and by our programs. No row differs. Left out is
 * what means the same in another spelling (`API.example.com`, a port `0443`), what no tool writes (a second JSON
 * document, keys of more than 1024 characters, data as a list of numbers), and a port above 65535, which our programs
 * refuse before they ask a proxy for it.
 */
import { stringify } from "yaml";
import {
  authority,
  base64,
  bearer,
  client,
  config,
  credential,
  type Entry,
  plugin,
  printing,
  type Row,
  readSideBySide,
  secure,
  servers,
  token,
  trusted,
} from "../../../testing/sideBySide";

const one = (cluster: Entry, user: Entry = token, more: Entry = {}) => ({
  files: { kubeconfig: config(cluster, user, more) },
});
const written = (kubeconfig: string | Buffer) => ({ files: { kubeconfig } });
const sound = () => stringify(config(trusted(), token));
const withToken = (yaml: string) => written(sound().replace("token: t\n", `token: ${yaml}\n`));
const withExec = (printed: string, exec: Entry = {}) => ({
  files: { kubeconfig: config(trusted(), plugin(exec)), plugin: printing(printed) },
});
const withAuthority = (pem: string) => one({ server: secure(), "certificate-authority-data": base64(pem) });
const byProxy = (server: string) =>
  one(trusted({ server, "proxy-url": `http://127.0.0.1:${servers.ports.proxy}` }));
const utf16 = (text: string) => Buffer.from(`\ufeff${text}`, "utf16le");
const asBearer = (text: string) => ({ authorization: `Bearer ${text}` });
const plain = () => `http://127.0.0.1:${servers.ports.plain}`;
const lines64 = (text: string) => text.replace(/.{64}/g, "$&\n").replace(/^/gm, "        ");

/** Nothing is asked. */
const refused = (told: RegExp): Pick<Row, "asked" | "told"> => ({ asked: undefined, told });
const notYaml = refused(/cannot be read as YAML/);
const notText = refused(/users.0.user.token cannot be read/);
const noUrl = refused(/has a server for the cluster "eu" that is no URL/);
const IPV4 = refused(/an IPv4 address that is not four decimal numbers/);
const noHeader = refused(/with a line break or control character/);

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

const SERVERS: Record<string, () => Row> = {
  "https in capitals": () => ({
    ...one(trusted({ server: secure().replace("https", "HTTPS") })),
    asked: bearer,
  }),
  "two slashes in the path": () => ({
    ...one(trusted({ server: `${secure()}//k8s//eu/` })),
    asked: { ...bearer, path: "/k8s/eu/api" },
  }),
  "dots in the path": () => ({
    ...one(trusted({ server: `${secure()}/a/../b/` })),
    asked: { ...bearer, path: "/b/api" },
  }),
  "a space in the path": () => ({
    ...one(trusted({ server: `${secure()}/a b` })),
    asked: { ...bearer, path: "/a%20b/api" },
  }),
  "an encoded slash in the path": () => ({
    ...one(trusted({ server: `${secure()}/a%2Fb` })),
    asked: { ...bearer, path: "/a/b/api" },
  }),
  "a path that cannot be decoded": () => ({ ...one(trusted({ server: `${secure()}/a%zz` })), ...noUrl }),
  "a space behind": () => ({ ...one(trusted({ server: `${secure()} ` })), ...noUrl }),
  "a line break behind": () => ({ ...one(trusted({ server: `${secure()}\n` })), ...noUrl }),
  "three slashes": () => ({ ...one(trusted({ server: secure().replace("//", "///") })), ...noUrl }),
  backslashes: () => ({ ...one(trusted({ server: secure().replace("//", "\\\\") })), ...noUrl }),
  "no scheme, and a path": () => ({
    ...one({ server: `127.0.0.1:${servers.ports.plain}/k8s` }),
    ...noUrl,
  }),
  "no scheme, and a certificate authority: a plain server": () => ({
    ...one(trusted({ server: `127.0.0.1:${servers.ports.plain}` })),
    asked: {},
  }),
  "a user in the address, who wins": () => ({
    ...one(trusted({ server: secure().replace("//", "//u:p%40@") })),
    asked: { authorization: `Basic ${base64("u:p@")}` },
  }),
  "an IPv6 address": () => ({
    ...byProxy("https://[2001:db8::1]:6443"),
    asked: { ...bearer, proxies: ["connect [2001:db8::1]:6443 as nobody"] },
  }),
  "an IPv6 address without brackets": () => ({
    ...byProxy("https://2001:db8::1:6443"),
    asked: { ...bearer, proxies: ["connect [2001:db8::1]:6443 as nobody"] },
  }),
  "an IPv6 address that the certificate does not have": () => ({
    ...byProxy("https://[2001:db8::2]:6443"),
    ...refused(/certificate of the cluster's API server is not for 2001:db8::2/),
  }),
  "a name with a dot at its end": () => ({
    ...byProxy("https://api.example.test."),
    asked: {
      ...bearer,
      serverName: "api.example.test",
      proxies: ["connect api.example.test.:443 as nobody"],
    },
  }),
  "127.1": () => ({ ...one(trusted({ server: `https://127.1:${servers.ports.secure}` })), ...IPV4 }),
  "an IPv4 address in hexadecimal numbers": () => ({
    ...one(trusted({ server: `https://0x7f.0.0.1:${servers.ports.secure}` })),
    ...IPV4,
  }),
  "an IPv4 address with leading zeros": () => ({
    ...one(trusted({ server: `https://127.0.0.01:${servers.ports.secure}` })),
    ...IPV4,
  }),
  "tls-server-name that is an address": () => ({
    ...one(trusted({ "tls-server-name": "127.0.0.1" })),
    asked: bearer,
  }),
  "tls-server-name with a dot at its end": () => ({
    ...one(trusted({ "tls-server-name": "api.example.test." })),
    asked: { ...bearer, serverName: "api.example.test" },
  }),
  "proxy-url in capitals": () => ({
    ...one(trusted({ "proxy-url": `HTTP://127.0.0.1:${servers.ports.proxy}` })),
    asked: { ...bearer, proxies: [`connect 127.0.0.1:${servers.ports.secure} as nobody`] },
  }),
  "proxy-url with a line break behind": () => ({
    ...one(trusted({ "proxy-url": `http://127.0.0.1:${servers.ports.proxy}\n` })),
    ...refused(/has a proxy-url/),
  }),
  "proxy-url without a host": () => ({
    ...one(trusted({ "proxy-url": "http://" })),
    ...refused(/has a proxy-url/),
  }),
  "HTTPS_PROXY with a space, which names none": () => ({
    ...one(trusted({ server: "https://api.example.test" })),
    env: { HTTPS_PROXY: ` http://127.0.0.1:${servers.ports.proxy}` },
    ...refused(/ENOTFOUND|EAI_AGAIN/),
  }),
};

const CREDENTIALS: Record<string, () => Row> = {
  "a certificate authority with a byte order mark": () => ({
    ...withAuthority(`\ufeff${authority.certificate}`),
    ...refused(/no PEM certificate/),
  }),
  "a certificate authority behind one that cannot be read": () => ({
    ...withAuthority(
      `-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n${authority.certificate}`,
    ),
    asked: bearer,
  }),
  "a certificate authority with text and Windows' line ends": () => ({
    ...withAuthority(`Issuer: me\r\n${authority.certificate.replaceAll("\n", "\r\n")}`),
    asked: bearer,
  }),
  "a certificate authority in one line": () => ({
    ...withAuthority(authority.certificate.replaceAll("\n", "")),
    ...refused(/no PEM certificate/),
  }),
  "base64 in lines": () => ({
    ...written(
      stringify(config({ server: secure(), "certificate-authority-data": "CA" }, token)).replace(
        "CA\n",
        `|\n${lines64(base64(authority.certificate))}\n`,
      ),
    ),
    asked: bearer,
  }),
  "base64 in lines that YAML joins by spaces": () => ({
    ...written(
      stringify(config({ server: secure(), "certificate-authority-data": "CA" }, token)).replace(
        "CA\n",
        `\n${lines64(base64(authority.certificate))}\n`,
      ),
    ),
    ...refused(/certificate-authority-data cannot be read/),
  }),
  "a certificate authority whose file is empty: the machine's": () => ({
    files: {
      kubeconfig: config({ server: secure(), "certificate-authority": "ca.pem" }, token),
      "ca.pem": "",
    },
    asked: bearer,
  }),
  "a certificate authority whose file is not there, of a plain server": () => ({
    ...one({ server: plain(), "certificate-authority": "ca.pem" }),
    ...refused(/ca.pem, which cannot be read/),
  }),
  "a client key whose file is not there, without a certificate": () => ({
    ...one(trusted(), { ...token, "client-key": "missing.key" }),
    asked: bearer,
  }),
  "a client certificate whose file is empty": () => ({
    files: {
      kubeconfig: config(trusted(), { ...token, "client-certificate": "c", "client-key": "k" }),
      c: "",
      k: "",
    },
    ...refused(/client certificate is empty/),
  }),
  "a client certificate behind what OpenSSL says of it": () => ({
    ...one(trusted(), {
      "client-certificate-data": base64(`Bag Attributes\n${client.certificate}`),
      "client-key-data": base64(`Bag Attributes\n${client.key}`),
    }),
    asked: { certificate: "client" },
  }),
  "a token with a line break behind": () => ({ ...withToken("|\n          t"), ...noHeader }),
  "a token with letters outside ASCII": () => ({
    ...one(trusted(), { token: "tö€" }),
    asked: asBearer(Buffer.from("tö€").toString("latin1")),
  }),
  "a token's file with Windows' line ends": () => ({
    files: { kubeconfig: config(trusted(), { tokenFile: "token" }), token: "t\r\n" },
    asked: bearer,
  }),
  "a token's file with a byte order mark, which is sent": () => ({
    files: { kubeconfig: config(trusted(), { tokenFile: "token" }), token: "\ufefft" },
    asked: asBearer(Buffer.from("\ufefft").toString("latin1")),
  }),
  "a token's file, and a user name": () => ({
    files: {
      kubeconfig: config(trusted(), { tokenFile: "token", username: "a", password: "b" }),
      token: "t",
    },
    ...refused(/both tokenFile and username/),
  }),
  "extra for nobody, which is empty": () => ({
    ...one(trusted(), { ...token, "as-user-extra": {} }),
    asked: bearer,
  }),
  "a user to act as, with a line break": () => ({
    ...one(trusted(), { ...token, as: "j\n" }),
    ...noHeader,
  }),
  "a plugin that prints YAML": () => ({
    ...withExec(stringify(JSON.parse(credential(token)))),
    asked: bearer,
  }),
  "a plugin that prints a byte order mark": () => ({
    ...withExec(`\ufeff${credential(token)}`),
    asked: bearer,
  }),
  "a plugin that prints null": () => ({
    ...withExec(credential({ ...token, clientCertificateData: null, expirationTimestamp: null })),
    asked: bearer,
  }),
  "a plugin that prints no kind": () => ({
    ...withExec(JSON.stringify({ apiVersion: "client.authentication.k8s.io/v1", status: token })),
    asked: bearer,
  }),
  "a plugin that prints a day": () => ({
    ...withExec(credential({ ...token, expirationTimestamp: "2099-01-01" })),
    ...refused(/printed no ExecCredential/),
  }),
  "a plugin that prints a line before": () => ({
    ...withExec(`updating…\n${credential(token)}`),
    ...refused(/printed no ExecCredential/),
  }),
  "a plugin that prints a token with a line break": () => ({
    ...withExec(credential({ token: "t\n" })),
    ...refused(/a token with a line break or control character/),
  }),
  "a plugin whose arguments are null": () => ({
    ...withExec(credential(token), { args: [null] }),
    asked: bearer,
  }),
};

readSideBySide({ ...TOOLS, ...WRITTEN, ...SERVERS, ...CREDENTIALS });
