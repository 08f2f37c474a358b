/** Questions and changes that go to the engine by request; everything else comes over the live socket. The token came with the page. */
import type { HaltAnswer, HaltOrder, ParamsAnswer, ParamsPayload, PreviewPayload } from '../../payload-admin.ts';

const token = document.querySelector<HTMLMetaElement>('meta[name="thor-token"]')?.content ?? '';

/** False where the engine gives nobody a token: the page only shows. */
export const canChange = token !== '';

async function ask<T>(method: string, path: string, body?: unknown): Promise<T> {
  const answer = await fetch(new URL(`api/v1/${path}`, location.href), {
    method,
    headers: body === undefined ? {} : { 'content-type': 'application/json', 'x-thor-token': token },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const said = (await answer.json()) as T & { readonly message?: string };
  if (!answer.ok) throw new Error(said.message ?? `the engine answered ${answer.status}`);
  return said;
}

export function halt(order: HaltOrder): Promise<HaltAnswer> {
  return ask('POST', 'halt', order);
}

export async function paramsOf(strategy: string): Promise<ParamsPayload | null> {
  const { strategies } = await ask<{ readonly strategies: readonly ParamsPayload[] }>('GET', 'params');
  return strategies.find((one) => one.strategy === strategy) ?? null;
}

export function preview(strategy: string, params: Readonly<Record<string, unknown>>): Promise<PreviewPayload> {
  return ask('POST', 'preview', { strategy, params });
}

export function setParams(strategy: string, params: Readonly<Record<string, unknown>>): Promise<ParamsAnswer> {
  return ask('PUT', `strategies/${strategy}/params`, params);
}

export function rollback(strategy: string): Promise<ParamsAnswer> {
  return ask('POST', `strategies/${strategy}/rollback`, {});
}
