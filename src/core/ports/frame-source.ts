/** Where frames come from: our WebSocket client, `ws`, a recording or a simulated network. Event-loop lanes only. */
export interface FrameHandler {
  onOpen(): void;
  /** `bytes[start, end)` is one whole message (UTF-8 when `isText`), valid only during the call. `recvUs`: monotonic, one reading per socket read. */
  onFrame(bytes: Uint8Array, start: number, end: number, isText: boolean, recvUs: number): void;
  /**
   * Offered where a frame begins, headers included, if the handler checks texts itself: it takes as many whole text frames as it will. @returns where the next
   * one begins, `start` when it took none: that frame then comes by `onFrame`
   */
  onRun?(bytes: Uint8Array, start: number, end: number, recvUs: number): number;
  /** The peer's ping or pong arrived: proof of life. */
  onLife?(recvUs: number): void;
  /** Called exactly once, last, also when connecting failed (code 1006). */
  onClose(code: number, reason: string): void;
}

export interface FrameConnection {
  /** False when closed or when more than the send bound waits: the caller treats the connection as failing. */
  send(text: string): boolean;
  ping(): void;
  close(code?: number, reason?: string): void;
}

export interface ConnectOptions {
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Where socket bytes land; the source allocates its own when absent. */
  readonly receive?: Uint8Array;
  /** Ask for permessage-deflate: such connections are carried by `ws`. */
  readonly deflate?: boolean;
  readonly maxMessageBytes?: number;
  readonly handshakeTimeoutMs?: number;
  /** The handler itself refuses text that is not UTF-8 (a kernel that takes ASCII only, a strict decoder elsewhere): the source need not look, about 0.1 us a message. */
  readonly checksText?: boolean;
  /** Extra certificate authority (PEM), for private relays and tests. Certificate checks are always on. */
  readonly ca?: string;
}

export interface FrameSource {
  connect(options: ConnectOptions, handler: FrameHandler): FrameConnection;
}
