/**
 * How a market's participants behave, in units of money and time rather than ticks, so that one profile suits any tick and lot size.
 * The numbers of each market stand in `markets.ts`; the statistics test holds them against the recordings.
 */
export interface FlowProfile {
  /** How long this venue's makers take to see the latent price. */
  readonly lagMs: number;
  /** How often makers move their quotes to a new fair price. */
  readonly requotesPerSecond: number;
  /** Slow disagreement with the latent price: standard deviation and time constant. */
  readonly noiseBp: number;
  readonly noiseSeconds: number;
  /** Sudden dislocations: one large participant pushes this venue away, the others bring it back. */
  readonly kicksPerMinute: number;
  readonly kickBp: number;
  readonly kickMs: number;
  /** Best ask minus best bid that makers aim for. */
  readonly spreadTicks: number;
  /** Typical value resting at the best price, and at any other level, in US dollars. */
  readonly touchUsd: number;
  readonly levelUsd: number;
  /** Mean distance between neighbouring levels near the touch. */
  readonly gapTicks: number;
  readonly levelsPerSide: number;
  /** How far from the touch the deepest levels lie. */
  readonly bandBp: number;
  /** Orders moved within the book, and small changes at the best price, per second. */
  readonly churnPerSecond: number;
  readonly touchPerSecond: number;
  /** Market orders per second when nothing excites them, and their typical value. */
  readonly takersPerSecond: number;
  readonly takerUsd: number;
  /** Share of the stale quotes that their makers pull before somebody takes them. */
  readonly pulledShare: number;
}
