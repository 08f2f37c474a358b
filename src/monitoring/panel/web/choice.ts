/** Which strategy and which of its instruments the ladder shows; shared by two panels. */
import { useEffect, useState } from 'preact/hooks';

interface Choice {
  readonly strategy: string | null;
  readonly instrument: string | null;
}

let current: Choice = { strategy: null, instrument: null };
const listeners = new Set<() => void>();

function set(next: Choice): void {
  current = next;
  for (const listener of listeners) listener();
}

export const choice = {
  strategy(strategy: string): void {
    set({ strategy, instrument: null });
  },
  instrument(instrument: string): void {
    set({ ...current, instrument });
  },
};

export function useChoice(): Choice {
  const [, setVersion] = useState(0);
  useEffect(() => {
    const redraw = (): void => setVersion((version) => version + 1);
    listeners.add(redraw);
    return () => {
      listeners.delete(redraw);
    };
  }, []);
  return current;
}
