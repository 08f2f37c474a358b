/** A worker's duty. Lanes call `step` in turn; it never blocks and never reads a clock. */
export interface Role {
  readonly name: string;
  /**
   * One bounded turn. @param nowUs monotonic market time, microseconds @param maxRecords most records to take from each input
   * @returns work done (0 = idle; a lane with only idle roles may sleep)
   */
  step(nowUs: number, maxRecords: number): number;
}
