/** The certificates and credentials of kubeconfigs, in the forms in which tools and people write them. */
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
  token,
  trusted,
} from "../../../testing/sideBySide";
import { asBearer, one, plain, refused, withToken, written } from "./rows";

const withExec = (printed: string, exec: Entry = {}) => ({
  files: { kubeconfig: config(trusted(), plugin(exec)), plugin: printing(printed) },
});
const withAuthority = (pem: string) => one({ server: secure(), "certificate-authority-data": base64(pem) });
const lines64 = (text: string) => text.replace(/.{64}/g, "$&\n").replace(/^/gm, "        ");
const noHeader = refused(/with a line break or control character/);

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

readSideBySide(CREDENTIALS);
