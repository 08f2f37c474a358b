/** A small TCP proxy between driver and server that can cut replies, hold them back, swallow everything, or cut all connections. */
import { connect, createServer, type Server, type Socket } from 'node:net';
import { once } from 'node:events';

export type Fault = 'none' | 'cut-replies' | 'delay' | 'black-hole' | 'refuse';

export class TcpProxy {
  fault: Fault = 'none';
  delayMs = 0;
  /** Replies that were cut after the server had worked. */
  cuts = 0;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #target: number;

  private constructor(target: number) {
    this.#target = target;
    this.#server = createServer((client) => this.#accept(client));
  }

  static async to(port: number): Promise<TcpProxy> {
    const proxy = new TcpProxy(port);
    proxy.#server.listen(0, '127.0.0.1');
    await once(proxy.#server, 'listening');
    return proxy;
  }

  get port(): number {
    const address = this.#server.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  }

  cutAll(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  async close(): Promise<void> {
    this.cutAll();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #accept(client: Socket): void {
    if (this.fault === 'refuse') {
      client.destroy();
      return;
    }
    const server = connect(this.#target, '127.0.0.1');
    for (const socket of [client, server]) {
      this.#sockets.add(socket);
      socket.on('error', () => socket.destroy());
      socket.on('close', () => {
        this.#sockets.delete(socket);
        client.destroy();
        server.destroy();
      });
    }
    client.on('data', (bytes) => {
      if (this.fault !== 'black-hole') server.write(bytes);
    });
    server.on('data', (bytes) => {
      if (this.fault === 'black-hole') return;
      if (this.fault === 'cut-replies') {
        this.cuts++;
        client.destroy();
      } else if (this.fault === 'delay') setTimeout(() => client.destroyed || client.write(bytes), this.delayMs);
      else client.write(bytes);
    });
  }
}
