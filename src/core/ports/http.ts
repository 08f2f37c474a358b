/** HTTP in both directions. Implementations live in `net/`; they are injected by hosts. */
export interface HttpAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
}

export interface HttpClient {
  /** Resolves with any status; rejects with EngineError (`HTTP_TIMEOUT`, `HTTP_FAILED`, `HTTP_TOO_LARGE`) when no whole answer came. */
  request(
    method: string,
    url: string,
    options?: {
      readonly headers?: Readonly<Record<string, string>>;
      readonly body?: string;
      readonly timeoutMs?: number;
      readonly maxBytes?: number;
    },
  ): Promise<HttpAnswer>;
  close(): void;
}

export interface HttpRequest {
  /** Upper case. */
  readonly method: string;
  /** Path as sent, without the query. */
  readonly path: string;
  /** Raw query without `?`, '' when there is none. */
  readonly query: string;
  /** Keys in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
  readonly remoteAddress: string;
}

export interface HttpReply {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array;
}

/** One accepted WebSocket. `data` is the server code's own. */
export interface ServerSocket {
  readonly id: number;
  readonly request: Omit<HttpRequest, 'body'>;
  data: unknown;
  /** 'queued': under back-pressure, `onDrain` follows. 'dropped': over the bound or closed; the socket is closed by the server. */
  send(data: string | Uint8Array): 'sent' | 'queued' | 'dropped';
  bufferedBytes(): number;
  ping(): void;
  close(code?: number, reason?: string): void;
  /** Ends the connection without a closing handshake, as a cut cable would. */
  terminate(): void;
}

export interface HttpServerHandlers {
  /** Answer now or later, once. Answers to a request that was aborted meanwhile are ignored. */
  onRequest(request: HttpRequest, respond: (reply: HttpReply) => void): void;
  /** Null accepts the upgrade; a reply refuses it. Absent: every upgrade is refused with 404. */
  onUpgrade?(request: HttpRequest): HttpReply | null;
  onOpen?(socket: ServerSocket): void;
  onMessage?(socket: ServerSocket, bytes: Uint8Array, isText: boolean): void;
  onPong?(socket: ServerSocket): void;
  onDrain?(socket: ServerSocket): void;
  onClose?(socket: ServerSocket, code: number, reason: string): void;
}

export interface HttpServerOptions {
  readonly handlers: HttpServerHandlers;
  /** Largest request body and inbound socket message; larger ones get 413 / close 1009. */
  readonly maxBodyBytes?: number;
  /** Most bytes that may wait towards one socket before it is dropped. */
  readonly maxBufferedBytes?: number;
  readonly idleTimeoutSeconds?: number;
  /** PEM texts; with both the server speaks TLS. */
  readonly tls?: { readonly key: string; readonly cert: string };
}

export interface HttpServer {
  readonly impl: 'uws' | 'node';
  /** Resolves with the bound port; rejects with EngineError `PORT_IN_USE` or `LISTEN_FAILED`. Port 0 picks a free one. */
  listen(host: string, port: number): Promise<number>;
  /** Stops listening, closes sockets (1001), drains, frees the thread. */
  close(): Promise<void>;
}

export type CreateHttpServer = (options: HttpServerOptions) => HttpServer;
