/** The FrameSource that hosts inject: our own client, or `ws` where an address asks for permessage-deflate. Event-loop lanes. */
import type { ConnectOptions, FrameConnection, FrameHandler, FrameSource } from '../core/ports/frame-source.js';
import { type SocketWorld, WebSocketClient } from './websocket-client.js';
import { WsClient } from './ws-client.js';

export type { SocketWorld } from './websocket-client.js';

/** `ws` carries every connection: for servers that our own client does not get on with, and to compare the two. */
export type FrameSourceKind = 'own' | 'ws';

export function createFrameSource(world: SocketWorld, kind: FrameSourceKind = 'own'): FrameSource {
  return new NetFrameSource(world, kind);
}

class NetFrameSource implements FrameSource {
  readonly #plain: FrameSource;
  readonly #deflate: FrameSource;

  constructor(world: SocketWorld, kind: FrameSourceKind) {
    this.#deflate = new WsClient(world);
    this.#plain = kind === 'own' ? new WebSocketClient(world) : this.#deflate;
  }

  connect(options: ConnectOptions, handler: FrameHandler): FrameConnection {
    return (options.deflate === true ? this.#deflate : this.#plain).connect(options, handler);
  }
}
