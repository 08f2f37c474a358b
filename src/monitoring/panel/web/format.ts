/** Numbers and times as people read them on a desk. Exact text stays in titles. */

const TIME = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', second: '2-digit', timeZone: 'UTC', hour12: false });

export function clock(tsUs: number): string {
  return tsUs > 0 ? TIME.format(tsUs / 1000) : '--:--:--';
}

/** Decimal text with thousands set apart: 61800.20 -> 61,800.20. */
export function grouped(text: string): string {
  const [whole = '', fraction] = text.split('.');
  const sign = whole.startsWith('-') ? '-' : '';
  const digits = whole.slice(sign.length).replace(/\B(?=(\d{3})+$)/g, ',');
  return fraction === undefined ? sign + digits : `${sign}${digits}.${fraction}`;
}

/** At most `digits` significant places after the leading zeros, never more than eight decimals; for sums of money. */
export function money(text: string, signed = false): string {
  const value = Number(text);
  if (value === 0) return '0';
  const size = Math.abs(value);
  if (size < 5e-9) return '~0';
  const places = size >= 1000 ? 1 : size >= 10 ? 2 : size >= 1 ? 3 : size >= 0.01 ? 4 : size >= 0.0001 ? 6 : 8;
  const shown = grouped(value.toFixed(places));
  return signed && value > 0 ? `+${shown}` : shown;
}

export function quantity(text: string): string {
  const value = Number(text);
  if (value >= 1e6) return `${(value / 1e6).toFixed(2)}M`;
  if (value >= 1e4) return `${(value / 1e3).toFixed(1)}k`;
  if (value >= 100) return value.toFixed(1);
  if (value >= 1) return value.toFixed(3);
  return value === 0 ? '0' : value.toPrecision(3);
}

export function count(value: number): string {
  if (value >= 1e9) return `${(value / 1e9).toFixed(2)}G`;
  if (value >= 1e7) return `${(value / 1e6).toFixed(1)}M`;
  if (value >= 1e5) return `${(value / 1e3).toFixed(0)}k`;
  return grouped(String(Math.round(value)));
}

export function micros(us: number | null): string {
  if (us === null) return '-';
  const size = Math.abs(us);
  if (size < 10) return `${us.toFixed(2)} µs`;
  if (size < 1_000) return `${us.toFixed(0)} µs`;
  if (size < 10_000) return `${(us / 1e3).toFixed(2)} ms`;
  if (size < 1e6) return `${(us / 1e3).toFixed(0)} ms`;
  if (size < 600e6) return `${(us / 1e6).toFixed(1)} s`;
  return `${(us / 60e6).toFixed(0)} min`;
}

export function bytes(value: number): string {
  if (value >= 1e9) return `${(value / 1e9).toFixed(2)} GB`;
  if (value >= 1e6) return `${(value / 1e6).toFixed(1)} MB`;
  if (value >= 1e3) return `${(value / 1e3).toFixed(1)} kB`;
  return `${value} B`;
}

export function duration(seconds: number): string {
  const whole = Math.floor(seconds);
  const h = Math.floor(whole / 3600);
  const m = Math.floor(whole / 60) % 60;
  const s = whole % 60;
  return h > 0 ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
}

function two(n: number): string {
  return String(n).padStart(2, '0');
}

export function words(code: string): string {
  return code.toLowerCase().replaceAll('_', ' ');
}

export function signClass(text: string): string {
  const value = Number(text);
  return value > 0 ? 'up' : value < 0 ? 'down' : 'dim';
}
