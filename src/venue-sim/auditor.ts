/** The venues check themselves: now and then, and whenever the admin address is asked, every exchange adds up its money. A break is counted and said, once each. */
import type { AuditDifference } from './exchange/contract.js';
import type { VenueId } from './market/spec.js';
import type { VenueWorld } from './world.js';

export class Auditor {
  readonly #world: VenueWorld;
  readonly #said = new Set<string>();
  #checks = 0;
  #breaks = 0;

  constructor(world: VenueWorld) {
    this.#world = world;
  }

  get counts(): { readonly checks: number; readonly breaks: number } {
    return { checks: this.#checks, breaks: this.#breaks };
  }

  /** Differences by venue; all lists are empty when every book is right. */
  audit(): ReadonlyMap<VenueId, readonly AuditDifference[]> {
    this.#checks++;
    const found = new Map([...this.#world.exchanges].map(([venue, exchange]) => [venue, exchange.audit()]));
    for (const differences of found.values()) this.#breaks += differences.length;
    return found;
  }

  check(writeLine: (line: string) => void): void {
    for (const [venue, differences] of this.audit()) {
      for (const { asset, what, minted, found } of differences) {
        const name = `${venue} ${asset} ${what}`;
        if (this.#said.has(name)) continue;
        this.#said.add(name);
        writeLine(`SIMULATED ${venue}: money does not add up: ${asset}, ${what}: minted ${minted}, found ${found}`);
      }
    }
  }
}
