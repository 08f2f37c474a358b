/** Parameters of BitMEX requests: query, form body and JSON body alike, lists as JSON or with commas. Called by the parsers of the private paths. */
import type { HttpRequest } from '../../../core/ports/http.js';
import { objectOf } from '../protocol.js';

export type Params = Readonly<Record<string, unknown>>;

/** Null when a body says that it is JSON and is none. */
export function paramsOfRequest(request: HttpRequest): Params | null {
  const params: Record<string, unknown> = Object.fromEntries(new URLSearchParams(request.query));
  const text = new TextDecoder().decode(request.body);
  if (text === '') return params;
  if ((request.headers['content-type'] ?? '').includes('json')) {
    const body = objectOf(text);
    return body === null ? null : { ...params, ...body };
  }
  return { ...params, ...Object.fromEntries(new URLSearchParams(text)) };
}

/** '' when absent; numbers and booleans as they would be written. */
export function textOf(params: Params, name: string): string {
  const value = params[name];
  return typeof value === 'string' ? value : typeof value === 'number' || typeof value === 'boolean' ? String(value) : '';
}

/** `"a"`, `"a,b"`, `["a","b"]` as JSON or as a text that holds it. */
export function listOf(params: Params, name: string): string[] {
  const value = params[name];
  if (Array.isArray(value)) return value.map(String);
  const text = textOf(params, name);
  if (text === '') return [];
  if (!text.startsWith('[')) return text.split(',').filter((part) => part !== '');
  try {
    const list: unknown = JSON.parse(text);
    return Array.isArray(list) ? list.map(String) : [];
  } catch (error) {
    if (error instanceof SyntaxError) return [];
    throw error;
  }
}

/** The object of a JSON parameter; {} when absent, null when it is none. */
export function filterOf(params: Params): Params | null {
  const value = params['filter'];
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Params;
  const text = textOf(params, 'filter');
  return text === '' ? {} : objectOf(text);
}
