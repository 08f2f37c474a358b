import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { parser } from '@prometheus-io/lezer-promql';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { Histogram } from '../../src/core/memory/histogram.js';
import { histogramBase } from '../../src/core/memory/layout.js';
import { Metrics } from '../../src/monitoring/metrics.js';
import { DemoEngine } from './demo-engine.js';

const ROOT = new URL('../../', import.meta.url);
const REQUIRED = (process.env['THOR_REQUIRE'] ?? '').split(',');

interface Scraped {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

async function scrape(engine: DemoEngine): Promise<{ text: string; samples: Scraped[] }> {
  const text = await new Metrics(engine.view).text();
  const samples = text.split('\n').flatMap((line) => {
    const match = /^([a-z_:][\w:]*)(?:\{(.*)\})? (\S+)$/.exec(line);
    if (match === null) return [];
    const labels = Object.fromEntries(
      [...(match[2] ?? '').matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)].map((pair) => [pair[1] ?? '', pair[2] ?? '']),
    );
    return [{ name: match[1] ?? '', labels, value: Number(match[3]) }];
  });
  return { text, samples };
}

function running(): DemoEngine {
  const engine = new DemoEngine();
  for (let i = 0; i < 400; i++) engine.step();
  engine.view.sample();
  return engine;
}

/** Skips, or fails where the tool is required by name. */
function isMissing(tool: string, args: readonly string[]): boolean {
  if (spawnSync(tool, args).error === undefined) return false;
  expect(REQUIRED, `${tool} is not installed, and THOR_REQUIRE names it`).not.toContain(tool);
  process.stderr.write(`no ${tool}: not checked\n`);
  return true;
}

const promtool = (args: readonly string[], input?: string): string => {
  const done = spawnSync('promtool', args, { input, encoding: 'utf8' });
  return done.status === 0 ? '' : `${done.stdout}${done.stderr}`;
};

describe('metrics', () => {
  it('pass promtool check metrics', async () => {
    if (isMissing('promtool', ['--version'])) return;
    const { text } = await scrape(running());
    expect(promtool(['check', 'metrics'], text)).toBe('');
  });

  it('show what the view shows: the same books, orders, fills and profit', async () => {
    const engine = running();
    const { samples } = await scrape(engine);
    const sum = (name: string, labels: Record<string, string> = {}): number =>
      samples
        .filter((sample) => sample.name === name && Object.entries(labels).every(([key, value]) => sample.labels[key] === value))
        .reduce((total, { value }) => total + value, 0);
    const counts = engine.view.summaryCounts();
    expect(sum('thor_orders_total', { outcome: 'sent' })).toBe(counts.orders.sent);
    expect(sum('thor_orders_total', { outcome: 'filled' })).toBe(counts.orders.filled);
    expect(sum('thor_orders_open')).toBe(counts.orders.open);
    expect(sum('thor_fills_total')).toBe(counts.fills.count);
    expect(sum('thor_strategy_fills_total')).toBe(counts.fills.count);
    expect(sum('thor_books_live')).toBe(8);
    expect(sum('thor_book_state', { state: 'live' })).toBe(8);
    expect(sum('thor_strategy_refusals_total')).toBe(Object.values(counts.refused.arb).reduce((a, b) => a + b, 0));
    expect(sum('thor_pnl_equity_change', { asset: 'USDT' })).toBe(Number(engine.pnl()[0]?.equityChange));
    expect(sum('thor_pnl_unexplained')).toBe(0);
  });

  it('tell each store apart: what it lacks, since when, and whether it fails', async () => {
    const { samples } = await scrape(running());
    const of = (name: string, store: string) => samples.find((sample) => sample.name === name && sample.labels['store'] === store)?.value;
    expect(of('thor_store_lag_records', 'mongo')).toBe(120_070);
    expect(of('thor_store_behind_seconds', 'mongo')).toBe(412);
    expect(of('thor_store_failing', 'mongo')).toBe(1);
    expect(of('thor_store_failing', 'lmdb')).toBe(0);
    expect(of('thor_store_records_total', 'lmdb')).toBe(91_204);
  });

  it('count what comparing with the venues found, by venue', async () => {
    const engine = running();
    const venue = engine.tables.venues.indexOf('bybit');
    engine.view.shared.reconcile[venue]?.set('orphansAdopted', 3);
    engine.view.shared.reconcile[venue]?.set('foreign', 2);
    const { samples } = await scrape(engine);
    const adopted = samples.filter(({ name, labels }) => name === 'thor_reconcile_total' && labels['what'] === 'orphansAdopted');
    expect(adopted.filter(({ value }) => value > 0)).toEqual([
      { name: 'thor_reconcile_total', labels: { venue: 'bybit', what: 'orphansAdopted' }, value: 3 },
    ]);
    expect(samples.find(({ name, labels }) => name === 'thor_reconcile_foreign_orders' && labels['venue'] === 'bybit')?.value).toBe(2);
  });

  it('C17: count how often a lane was started again, by lane, as the page has it', async () => {
    const engine = running();
    engine.view.shared.lanes[1]?.add('restarts', 2);
    const { samples } = await scrape(engine);
    const counted = samples.filter(({ name }) => name === 'thor_lane_restarts_total').map(({ labels, value }) => [labels['lane'], value]);
    expect(counted).toEqual(engine.view.lanes().map(({ name, restarts }) => [name, restarts]));
    expect(counted.filter(([, value]) => value !== 0)).toEqual([[engine.view.deps.laneNames[1], 2]]);
  });

  it('fold the fine buckets of all lanes into cumulative ones in seconds', async () => {
    const engine = new DemoEngine();
    const times = [0.4, 3, 3.1, 47, 900, 12_000, 2_000_000, 60_000_000];
    times.forEach((us, i) => new Histogram(engine.views, histogramBase(engine.plan, i % 3, 'tickToOrder')).record(us));
    const { samples } = await scrape(engine);
    const buckets = samples.filter(({ name, labels }) => name === 'thor_stage_latency_seconds_bucket' && labels['stage'] === 'tickToOrder');
    for (const { labels, value } of buckets) {
      const bound = labels['le'] === '+Inf' ? Infinity : Number(labels['le']) * 1e6;
      expect(value, `le ${labels['le']}`).toBeLessThanOrEqual(times.filter((us) => us <= bound).length);
      // A fine bucket is at most an eighth of its octave wide.
      expect(value, `le ${labels['le']}`).toBeGreaterThanOrEqual(times.filter((us) => us <= bound / 1.13).length);
    }
    const values = buckets.map(({ value }) => value);
    expect(values).toEqual(values.toSorted((a, b) => a - b));
    expect(buckets.at(-1)).toMatchObject({ labels: { le: '+Inf' }, value: times.length });
    const only = (name: string) => samples.find((sample) => sample.name === name && sample.labels['stage'] === 'tickToOrder')?.value;
    expect(only('thor_stage_latency_seconds_count')).toBe(times.length);
    expect(only('thor_stage_latency_seconds_sum')).toBeCloseTo(times.reduce((a, b) => a + b, 0) / 1e6, 6);
  });

  it('have a bounded number of series: twice the trading makes not one more, once every reason was seen', async () => {
    const engine = running();
    for (let i = 0; i < 800; i++) engine.step();
    const before = (await scrape(engine)).samples.length;
    for (let i = 0; i < 800; i++) engine.step();
    expect((await scrape(engine)).samples.length).toBe(before);
  });
});

interface Selector {
  readonly name: string;
  readonly matchers: readonly { readonly label: string; readonly operator: string; readonly value: string }[];
}

/** Every metric that an expression selects, with its label matchers. Throws on a syntax error. */
function selectorsOf(expression: string): Selector[] {
  const text = expression.replaceAll('$__rate_interval', '1m').replaceAll(/"\$\w+"/g, '".*"');
  const found: Selector[] = [];
  const tree = parser.parse(text);
  tree.iterate({
    enter: (node) => {
      if (node.type.isError) throw new Error(`syntax error at ${node.from} of: ${text}`);
      if (node.name !== 'VectorSelector') return;
      const name = node.node.getChild('Identifier');
      const matchers = [...text.slice(node.from, node.to).matchAll(/(\w+)\s*(=~|!~|!=|=)\s*"([^"]*)"/g)].map((match) => ({
        label: match[1] ?? '',
        operator: match[2] ?? '',
        value: match[3] ?? '',
      }));
      found.push({ name: name === null ? '' : text.slice(name.from, name.to), matchers });
    },
  });
  return found;
}

function matches(sample: Scraped, { name, matchers }: Selector): boolean {
  return (
    sample.name === name &&
    matchers.every(({ label, operator, value }) => {
      const own = sample.labels[label];
      if (own === undefined) return false;
      const isEqual = operator.includes('~') ? new RegExp(`^(?:${value})$`).test(own) : own === value;
      return operator.startsWith('!') ? !isEqual : isEqual;
    })
  );
}

interface Dashboard {
  readonly panels: readonly { readonly title: string; readonly targets?: readonly { readonly expr: string }[] }[];
  readonly templating: { readonly list: readonly { readonly definition?: string }[] };
}
interface Alerts {
  readonly groups: readonly { readonly rules: readonly { readonly alert: string; readonly expr: string }[] }[];
}

describe('grafana', () => {
  const dashboard = JSON.parse(readFileSync(new URL('grafana/thor-dashboard.json', ROOT), 'utf8')) as Dashboard;
  const alerts = parse(readFileSync(new URL('grafana/alerts.yml', ROOT), 'utf8')) as Alerts;
  const expressions = [
    ...dashboard.panels.flatMap(({ title, targets }) => (targets ?? []).map(({ expr }) => ({ where: `panel ${title}`, expr }))),
    ...alerts.groups.flatMap(({ rules }) => rules.map(({ alert, expr }) => ({ where: `alert ${alert}`, expr }))),
    ...dashboard.templating.list.flatMap(({ definition }) => {
      const metric = /^label_values\((\w+), \w+\)$/.exec(definition ?? '')?.[1];
      return metric === undefined ? [] : [{ where: 'variable', expr: metric }];
    }),
  ];

  it('names only metrics, labels and label values that a real scrape has', async () => {
    const { samples } = await scrape(running());
    expect(expressions.length).toBeGreaterThan(50);
    const missing = expressions.flatMap(({ where, expr }) =>
      selectorsOf(expr)
        .filter((selector) => !samples.some((sample) => matches(sample, selector)))
        .map((selector) => `${where}: ${selector.name} ${JSON.stringify(selector.matchers)}`),
    );
    expect(missing).toEqual([]);
  });

  it('finds a name that is not there, and a broken expression', () => {
    expect(selectorsOf('rate(thor_nothing_total{a="b"}[5m]) > 1')).toEqual([
      { name: 'thor_nothing_total', matchers: [{ label: 'a', operator: '=', value: 'b' }] },
    ]);
    expect(() => selectorsOf('sum by (x (thor_books_live)')).toThrow(/syntax error/);
  });

  it('has rules and a configuration that promtool accepts', () => {
    if (isMissing('promtool', ['--version'])) return;
    expect(promtool(['check', 'rules', new URL('grafana/alerts.yml', ROOT).pathname])).toBe('');
    expect(promtool(['check', 'config', new URL('deploy/prometheus.yml', ROOT).pathname])).toBe('');
  });
});
