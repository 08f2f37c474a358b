/** The built page in a real browser, fed by the demo engine. Pictures are kept when THOR_SCREENSHOTS names a folder. */
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium, type Browser, type Page } from 'playwright-core';
import { build } from 'vite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CONTROL_TRADING_STATE } from '../../src/core/memory/layout.js';
import { TRADING_LEVELS } from '../../src/monitoring/admin.js';
import { DemoAdmin } from './demo-admin.js';
import { startDemoServer, type DemoServer } from './demo-server.js';

const CONFIG = fileURLToPath(new URL('../../src/monitoring/panel/vite.config.ts', import.meta.url));
const BROWSER = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find((path) => existsSync(path));
const IS_REQUIRED = (process.env['THOR_REQUIRE'] ?? '').split(',').includes('chromium');
const PICTURES = process.env['THOR_SCREENSHOTS'];

describe('page', () => {
  let folder = '';
  let server: DemoServer;
  let browser: Browser | null = null;
  let pump: NodeJS.Timeout | undefined;
  const admin = new DemoAdmin();
  const complaints: string[] = [];

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'thor-page-'));
    await build({ configFile: CONFIG, logLevel: 'error', build: { outDir: folder, emptyOutDir: true } });
    server = await startDemoServer({ panelFolder: folder, isTicking: true, admin });
    admin.instrument = server.engine.tables.instruments[0] ?? null;
    admin.onHalt = ({ level }) => {
      const { views, plan } = server.engine;
      Atomics.store(views.i32, (plan.control + CONTROL_TRADING_STATE) >> 2, TRADING_LEVELS.indexOf(level));
    };
    for (let i = 0; i < 2_500; i++) {
      server.engine.step();
      if (i % 10 === 0) server.engine.view.sample();
    }
    pump = setInterval(() => {
      server.engine.step();
      server.engine.view.sample();
    }, 100);
    if (BROWSER !== undefined)
      browser = await chromium.launch({
        executablePath: BROWSER,
        args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking'],
      });
  }, 60_000);

  afterAll(async () => {
    clearInterval(pump);
    await browser?.close();
    await server.close();
    rmSync(folder, { recursive: true, force: true });
  });

  async function open(width: number, height: number, url = server.url): Promise<Page | null> {
    if (browser === null) {
      expect(IS_REQUIRED, 'no chromium is installed, and THOR_REQUIRE names it').toBe(false);
      process.stderr.write('no chromium: the page is not looked at\n');
      return null;
    }
    const page = await browser.newPage({ viewport: { width, height } });
    page.on('console', (message) => void (['error', 'warning'].includes(message.type()) && complaints.push(message.text())));
    page.on('pageerror', (error) => complaints.push(String(error)));
    await page.goto(url);
    await page.waitForSelector('.figures');
    await page.waitForSelector('.book.live');
    if (PICTURES !== undefined) await page.waitForTimeout(2_500); // charts fill while somebody will look at them
    return page;
  }

  it('shows books, levels, orders, fills and profit of a simulated run, marked as such, without a complaint of the browser', async () => {
    const page = await open(1440, 900);
    if (page === null) return;
    expect(await page.locator('.badge-simulated').innerText()).toBe('SIMULATED');
    expect(await page.title()).toBe('SIMULATED sim - Thor');
    expect(await page.locator('.book').count()).toBe(8);
    await page.waitForSelector('.area-fills tbody tr');
    expect(await page.locator('.area-orders tbody tr').count()).toBeGreaterThan(20);
    expect(await page.locator('.area-fills tbody tr').count()).toBeGreaterThan(5);
    expect(await page.locator('.pnl .check').first().innerText()).toContain('0 ✓');
    if (PICTURES !== undefined) await page.screenshot({ path: join(PICTURES, 'page-1440.png') });
    await page.close();
    expect(complaints).toEqual([]);
  });

  it('D13: halts trading and takes the orders back after a confirmation, and starts it again', async () => {
    const page = await open(1440, 900);
    if (page === null) return;
    await page.getByRole('button', { name: 'HALT', exact: true }).click();
    const dialog = page.getByRole('dialog', { name: 'Kill switch' });
    await dialog.waitFor();
    if (PICTURES !== undefined) await page.screenshot({ path: join(PICTURES, 'kill-switch.png') });
    // Looking at it is not pressing it.
    await page.keyboard.press('Escape');
    await dialog.waitFor({ state: 'detached' });
    expect(admin.calls.filter(([what]) => what === 'halt')).toEqual([]);
    await page.getByRole('button', { name: 'HALT', exact: true }).click();
    await dialog.getByRole('button', { name: 'halt and cancel' }).click();
    await page.locator('.pill.state.bad', { hasText: 'halted' }).waitFor();
    await page.getByRole('button', { name: 'RESUME' }).click();
    await dialog.getByRole('button', { name: 'trade again' }).click();
    await page.locator('.pill.state.good', { hasText: 'trading' }).waitFor();
    expect(admin.calls.filter(([what]) => what === 'halt').map(([, order]) => order)).toEqual([
      { level: 'halted', cancel: true },
      { level: 'active', cancel: false },
    ]);
    await page.close();
    expect(complaints).toEqual([]);
  });

  it('previews a change of parameters with every order, refuses what cannot pay with its numbers, applies the rest', async () => {
    const page = await open(1440, 900);
    if (page === null) return;
    await page.getByRole('button', { name: 'parameters of btc-grid' }).click();
    const dialog = page.getByRole('dialog', { name: 'btc-grid: parameters' });
    const rows = dialog.locator('.preview-rows tbody tr');
    await rows.first().waitFor();
    expect(await rows.count()).toBe(16);
    const field = (name: string) => dialog.locator('.field', { hasText: new RegExp(`^${name}`) }).locator('input');
    const apply = dialog.getByRole('button', { name: 'apply' });
    expect(await apply.isDisabled()).toBe(true);
    await field('count').fill('3');
    await dialog.locator('.effect.rebuilt', { hasText: '16 open orders are cancelled' }).waitFor();
    expect(await rows.count()).toBe(6);
    if (PICTURES !== undefined) await page.screenshot({ path: join(PICTURES, 'preview.png') });
    await field('step').fill('0.01%');
    expect(await dialog.locator('.refusal').innerText()).toContain('step below cost');
    expect(await apply.isDisabled()).toBe(true);
    await field('step').fill('0.2%');
    await rows.first().waitFor();
    await apply.click();
    await dialog.locator('.applied', { hasText: 'btc-grid: changed' }).waitFor();
    expect(admin.calls.filter(([what]) => what === 'set')).toEqual([['set', 'btc-grid', { count: '3', step: '0.2%' }]]);
    await page.close();
    // The browser itself says that an answer was a refusal.
    expect(complaints.splice(0).filter((text) => !text.includes('422'))).toEqual([]);
  });

  it('tells on a phone what a change would do, or why it is refused, beside the buttons', async () => {
    const page = await open(390, 844);
    if (page === null) return;
    await page.getByRole('button', { name: 'parameters of btc-grid' }).click();
    const dialog = page.getByRole('dialog', { name: 'btc-grid: parameters' });
    const field = (name: string) => dialog.locator('.field', { hasText: new RegExp(`^${name}`) }).locator('input');
    const isShown = async (selector: string): Promise<boolean> => {
      const said = dialog.locator(selector);
      await said.waitFor();
      const [box, foot] = [await said.boundingBox(), await dialog.locator('.dialog-foot').boundingBox()];
      return box !== null && foot !== null && box.height > 0 && box.y > 0 && box.y + box.height <= foot.y + 1;
    };
    await field('count').fill('5');
    expect(await isShown('.effect.rebuilt')).toBe(true);
    await field('step').fill('0.01%');
    expect(await isShown('.refusal')).toBe(true);
    if (PICTURES !== undefined) await page.screenshot({ path: join(PICTURES, 'refusal-390.png') });
    await page.close();
    expect(complaints.splice(0).filter((text) => !text.includes('422'))).toEqual([]);
  });

  it('fits a phone: no sideways scrolling at 390 pixels', async () => {
    const page = await open(390, 844);
    if (page === null) return;
    expect(
      await page.evaluate(
        () => (globalThis as unknown as { document: { documentElement: { scrollWidth: number } } }).document.documentElement.scrollWidth,
      ),
    ).toBe(390);
    if (PICTURES !== undefined) await page.screenshot({ path: join(PICTURES, 'page-390.png'), fullPage: true });
    await page.close();
    expect(complaints).toEqual([]);
  });

  it('says when the engine is gone, and is live again when it is back', async () => {
    let first: DemoServer | null = await startDemoServer({ panelFolder: folder, isTicking: true });
    first.engine.step();
    const { port, origin } = new URL(first.url);
    const page = await open(1440, 900, origin);
    try {
      if (page === null) return;
      await first.close();
      first = null;
      await page.locator('.link', { hasText: 'lost' }).waitFor();
      first = await startDemoServer({ panelFolder: folder, isTicking: true, port: Number(port) });
      await page.locator('.link', { hasText: 'live' }).waitFor();
      await page.close();
    } finally {
      await first?.close();
    }
  });
});
