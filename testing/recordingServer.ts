import "reflect-metadata";
import { webcrypto } from "node:crypto";
import http, { type IncomingMessage } from "node:http";
import https from "node:https";
import net, { type AddressInfo, type Server, type Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import * as x509 from "@peculiar/x509";

/** One request as a server saw it: all that tells which way it came, and as whom. */
export interface Recorded {
  readonly path: string;
  readonly authorization: string | undefined;
  /** Headers of impersonation, by name. */
  readonly impersonation: Readonly<Record<string, string>>;
  /** Common name of the client's certificate. */
  readonly certificate: string | undefined;
  /** The name that the client asked for in the handshake. */
  readonly serverName: string | undefined;
  /** The proxies it passed, with what they were told. */
  readonly proxies: readonly string[];
}

export interface Pair {
  /** PEM. */
  readonly certificate: string;
  /** PEM. */
  readonly key: string;
}

const ALGORITHM = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };

/** Certificates of one authority. */
export class TestAuthority {
  private constructor(
    private readonly keys: webcrypto.CryptoKeyPair,
    /** PEM. */
    readonly certificate: string,
  ) {}

  static async create(): Promise<TestAuthority> {
    x509.cryptoProvider.set(webcrypto);
    const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"]);
    const extensions = [new x509.BasicConstraintsExtension(true)];
    const certificate = await x509.X509CertificateGenerator.createSelfSigned({
      ...{ name: "CN=authority", keys, signingAlgorithm: ALGORITHM, extensions },
    });
    return new TestAuthority(keys, certificate.toString("pem"));
  }

  /** A certificate for servers of these names and addresses, or for a client. */
  async issue(name: string, names: readonly string[] = []): Promise<Pair> {
    const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"]);
    const alternatives = names.map((value) => ({
      type: net.isIP(value) ? ("ip" as const) : ("dns" as const),
      value,
    }));
    const certificate = await x509.X509CertificateGenerator.create({
      subject: `CN=${name}`,
      issuer: "CN=authority",
      publicKey: keys.publicKey,
      signingKey: this.keys.privateKey,
      signingAlgorithm: ALGORITHM,
      extensions: names.length === 0 ? [] : [new x509.SubjectAlternativeNameExtension(alternatives)],
    });
    const pkcs8 = await webcrypto.subtle.exportKey("pkcs8", keys.privateKey);
    return { certificate: certificate.toString("pem"), key: x509.PemConverter.encode(pkcs8, "PRIVATE KEY") };
  }
}

/** API servers (by TLS and plain) and proxies in this process. They record what reaches them, and answer `{}`. */
export class RecordingServers {
  private readonly recorded: Recorded[] = [];
  /** What the proxies were told of the connections that they made, by the port of their own end. */
  private readonly passed = new Map<number, string>();
  private readonly open = new Set<Socket>();
  private readonly servers: Server[] = [];
  readonly ports = { secure: 0, plain: 0, proxy: 0, socks: 0, refusing: 0 };

  static async start({ certificate, key }: Pair): Promise<RecordingServers> {
    const all = new RecordingServers();
    const answer: http.RequestListener = (request, response) => {
      all.recorded.push(all.record(request));
      response.setHeader("content-type", "application/json").end("{}");
    };
    const tls = { cert: certificate, key, requestCert: true, rejectUnauthorized: false };
    all.ports.secure = await all.listen(https.createServer(tls, answer));
    all.ports.plain = await all.listen(http.createServer(answer));
    all.ports.proxy = await all.listen(all.proxy());
    all.ports.socks = await all.listen(net.createServer((client) => all.socks(client)));
    const refuse = http
      .createServer()
      .on("connect", (_, client) => client.end("HTTP/1.1 404 Not Found\r\n\r\n"));
    all.ports.refusing = await all.listen(refuse);
    return all;
  }

  /** What was asked since the last call. */
  take(): Recorded[] {
    return this.recorded.splice(0);
  }

  async close(): Promise<void> {
    for (const socket of this.open) socket.destroy();
    await Promise.all(this.servers.map((server) => new Promise((resolve) => server.close(resolve))));
  }

  private async listen(server: Server): Promise<number> {
    this.servers.push(server);
    server.on("connection", (socket) => {
      this.open.add(socket);
      socket.on("close", () => this.open.delete(socket)).on("error", () => undefined);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return (server.address() as AddressInfo).port;
  }

  private record(request: IncomingMessage): Recorded {
    const socket = request.socket as Partial<TLSSocket> & Socket;
    const headers = Object.entries(request.headersDistinct).filter(([name]) =>
      name.startsWith("impersonate-"),
    );
    const passed = this.passed.get(request.socket.remotePort ?? 0);
    const { CN: name } = socket.getPeerCertificate?.().subject ?? {};
    return {
      path: new URL(request.url ?? "", "http://server").pathname,
      authorization: request.headers.authorization,
      impersonation: Object.fromEntries(headers.map(([name, values]) => [name, (values ?? []).join(" + ")])),
      certificate: Array.isArray(name) ? name.join() : name,
      serverName: socket.servername || undefined,
      proxies: passed === undefined ? [] : [passed],
    };
  }

  /** Whatever host is asked for, it is one of the API servers. */
  private proxy(): http.Server {
    const told = ({ headers }: IncomingMessage) => headers["proxy-authorization"] ?? "nobody";
    const server = http.createServer((request, response) => {
      const { pathname, host } = new URL(request.url ?? "");
      const { "proxy-connection": _, "proxy-authorization": __, ...headers } = request.headers;
      const options = { port: this.ports.plain, host: "127.0.0.1", path: pathname, headers };
      const onward = http.request({ ...options, agent: false }, (answer) => answer.pipe(response));
      onward.on("socket", (socket) =>
        socket.on("connect", () =>
          this.passed.set(socket.localPort ?? 0, `http ${host} as ${told(request)}`),
        ),
      );
      request.pipe(onward);
    });
    return server.on("connect", (request, client: Socket) => {
      this.tunnel(client, `connect ${request.url} as ${told(request)}`, "HTTP/1.1 200 OK\r\n\r\n");
    });
  }

  /** SOCKS 5 without a password: RFC 1928. */
  private socks(client: Socket): void {
    client.once("data", () => {
      client.write(Buffer.from([5, 0]));
      client.once("data", (asked: Buffer) => {
        const isName = asked[3] === 3;
        const host = isName
          ? asked.subarray(5, 5 + (asked[4] ?? 0)).toString()
          : asked.subarray(4, 8).join(".");
        const answer = Buffer.from([5, 0, 0, 1, 127, 0, 0, 1, 0, 0]);
        this.tunnel(client, `socks ${host}:${asked.readUInt16BE(asked.length - 2)}`, answer);
      });
    });
  }

  private tunnel(client: Socket, what: string, answer: string | Buffer): void {
    const onward = net.connect(this.ports.secure, "127.0.0.1", () => {
      this.passed.set(onward.localPort ?? 0, what);
      client.write(answer);
      client.pipe(onward).pipe(client);
    });
    onward.on("error", () => client.destroy());
    client.on("error", () => onward.destroy());
  }
}
