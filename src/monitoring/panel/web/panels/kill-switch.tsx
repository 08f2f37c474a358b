/** The kill switch: one button in the header, and a confirmation that says what will happen. */
import { useState } from 'preact/hooks';
import type { TradingLevel } from '../../../payload-admin.ts';
import { canChange, halt } from '../admin.ts';
import { Dialog } from '../dialog.tsx';
import { useStore } from '../store.ts';

const WHAT: Readonly<Record<TradingLevel, string>> = {
  active: 'Trade: strategies place orders again.',
  reducing: 'Reduce only: nothing but what makes a position smaller.',
  halted: 'Halt: no new order, no amend. Cancels still go out.',
};

export function KillSwitch() {
  const { status } = useStore('status');
  const [isOpen, setOpen] = useState(false);
  if (status === null || !canChange) return null;
  const isActive = status.trading === 'active';
  return (
    <>
      <button class={`kill ${isActive ? '' : 'lift'}`} onClick={() => setOpen(true)}>
        {isActive ? 'HALT' : 'RESUME'}
      </button>
      {isOpen && <Confirm now={status.trading} open={status.counts.orders.open} onClose={() => setOpen(false)} />}
    </>
  );
}

function Confirm(props: { readonly now: TradingLevel; readonly open: number; readonly onClose: () => void }) {
  const [level, setLevel] = useState<TradingLevel>(props.now === 'active' ? 'halted' : 'active');
  const [cancel, setCancel] = useState(props.now === 'active');
  const [isBusy, setBusy] = useState(false);
  const [error, setError] = useState('');
  const isStop = level === 'halted';
  const press = (): void => {
    setBusy(true);
    setError('');
    halt({ level, cancel: cancel && level !== 'active' }).then(props.onClose, (reason: unknown) => {
      setBusy(false);
      setError(reason instanceof Error ? reason.message : String(reason));
    });
  };
  return (
    <Dialog title="Kill switch" kind="small" onClose={props.onClose}>
      <div class="dialog-main">
        {(['halted', 'reducing', 'active'] as const).map((one) => (
          <label key={one} class={`option ${one === level ? 'chosen' : ''}`}>
            <input type="radio" name="level" checked={one === level} disabled={one === props.now} onChange={() => setLevel(one)} />
            <span>
              {WHAT[one]}
              {one === props.now && <em class="dim"> (now)</em>}
            </span>
          </label>
        ))}
        {level !== 'active' && (
          <label class="option">
            <input type="checkbox" checked={cancel} onChange={(event) => setCancel(event.currentTarget.checked)} />
            <span>
              Ask every open order back: <b>{props.open}</b> now
            </span>
          </label>
        )}
        <p class="dim">It holds over a restart until it is lifted, and stands in the audit.</p>
        {error !== '' && <p class="trouble">{error}</p>}
      </div>
      <footer class="dialog-foot">
        <button onClick={props.onClose}>keep as it is</button>
        <button class={isStop ? 'danger' : 'primary'} disabled={isBusy} onClick={press}>
          {isStop ? (cancel ? 'halt and cancel' : 'halt') : level === 'reducing' ? 'reduce only' : 'trade again'}
        </button>
      </footer>
    </Dialog>
  );
}
