/** What a person may ask of a running engine and change in it: the page's admin port, made of the kill switch and the parameters. Main thread. */
import { randomBytes } from 'node:crypto';
import type { AdminPort } from '../monitoring/admin.js';
import type { HaltAnswer, HaltOrder, ParamsAnswer, ParamsPayload, PreviewPayload } from '../monitoring/payload-admin.js';
import type { KillSwitch } from './kill-switch.js';
import type { ParamsDesk } from './params-desk.js';

export class Admin implements AdminPort {
  /** Nobody guesses it; new with every run. */
  readonly token = randomBytes(24).toString('base64url');
  readonly #killSwitch: KillSwitch;
  readonly #desk: ParamsDesk;

  constructor(killSwitch: KillSwitch, desk: ParamsDesk) {
    this.#killSwitch = killSwitch;
    this.#desk = desk;
  }

  halt(order: HaltOrder): HaltAnswer {
    return this.#killSwitch.press(order);
  }

  preview(strategy: string, changes: Readonly<Record<string, unknown>> | null): PreviewPayload {
    return this.#desk.preview(strategy, changes);
  }

  params(): ParamsPayload[] {
    return this.#desk.rows();
  }

  setParams(strategy: string, changes: Readonly<Record<string, unknown>>): Promise<ParamsAnswer> {
    return this.#desk.set(strategy, changes);
  }

  rollback(strategy: string): Promise<ParamsAnswer> {
    return this.#desk.rollback(strategy);
  }
}
