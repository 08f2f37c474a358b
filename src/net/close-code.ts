/** Close codes of RFC 6455 section 7.4 and which of them may travel. Used by client and servers, event-loop lanes. */

export const CLOSE_NORMAL = 1000;
export const CLOSE_GOING_AWAY = 1001;
export const CLOSE_PROTOCOL_ERROR = 1002;
/** Never sent: the peer's close frame carried no code. */
export const CLOSE_NO_CODE = 1005;
/** Never sent: the connection ended without a close frame, or never opened. */
export const CLOSE_ABNORMAL = 1006;
export const CLOSE_NOT_UTF8 = 1007;
export const CLOSE_TOO_BIG = 1009;
/** Our own handler threw. */
export const CLOSE_INTERNAL = 1011;

/** A control frame holds 125 bytes, two of them the code. */
export const REASON_BYTES_MAX = 123;

/** May this code stand in a close frame? 1004 to 1006 and 1015 are reserved; 3000 to 4999 belong to libraries and applications. */
export function mayTravel(code: number): boolean {
  return (code >= 1000 && code <= 1014 && code !== 1004 && code !== 1005 && code !== 1006) || (code >= 3000 && code <= 4999);
}
