/** The built-in kinds. A new strategy is one file and one line here. */
import type { StrategyDefinition } from '../core/ports/strategy.js';
import arb from './arb.js';
import grid from './grid.js';
import template from './template.js';
import triangle from './triangle.js';

export const STRATEGIES: readonly StrategyDefinition[] = [grid, arb, triangle, template];
