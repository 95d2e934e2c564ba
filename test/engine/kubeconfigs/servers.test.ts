/** The servers and proxies of kubeconfigs as people write them. */
import {
  base64,
  bearer,
  type Row,
  readSideBySide,
  secure,
  servers,
  trusted,
} from "../../../testing/sideBySide";
import { one, refused } from "./rows";

const byProxy = (server: string) =>
  one(trusted({ server, "proxy-url": `http://127.0.0.1:${servers.ports.proxy}` }));
const noUrl = refused(/has a server for the cluster "eu" that is no URL/);
const IPV4 = refused(/an IPv4 address that is not four decimal numbers/);

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

readSideBySide(SERVERS);
