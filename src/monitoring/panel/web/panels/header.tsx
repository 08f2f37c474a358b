/** Who this is, in which mode, whether it trades, what time it is there. */
import { useEffect } from 'preact/hooks';
import { clock, duration } from '../format.ts';
import { useStore } from '../store.ts';
import { Dot } from '../ui.tsx';
import { KillSwitch } from './kill-switch.tsx';

export function Header() {
  const { status, isConnected } = useStore('status', 'connection');
  const title = status === null ? 'Thor' : `${status.simulated ? 'SIMULATED ' : ''}${status.mode}${isConnected ? '' : ', lost'} - Thor`;
  useEffect(() => {
    document.title = title;
  }, [title]);
  if (status === null) return null;
  const isHalted = status.halt === 'all stopped' || status.trading === 'halted';
  const stateTone = isHalted ? 'bad' : status.trading === 'reducing' ? 'warn' : status.state === 'trading' ? 'good' : 'warn';
  const blocked = status.journal.blockedReason;
  const restarted = status.lanes.filter(({ restarts }) => restarts > 0);
  return (
    <header class="top">
      <div class="brand">
        <svg viewBox="0 0 32 32" aria-hidden="true">
          <path d="M18.6 3 7.5 18h6.2L12.4 29 24 13.4h-6.6z" />
        </svg>
        <b>THOR</b>
        <span class="dim">{status.version}</span>
      </div>
      <span class="pill mode">mode {status.mode}</span>
      {status.simulated && <span class="badge-simulated">SIMULATED</span>}
      <span class={`pill state ${stateTone}`}>
        <Dot tone={stateTone} /> {status.halt === 'all stopped' ? status.halt : status.trading === 'active' ? status.state : status.trading}
      </span>
      <KillSwitch />
      {blocked !== null && <span class="pill state bad">new orders blocked: {blocked}</span>}
      {restarted.length > 0 && (
        <span class="pill state warn" title="lanes that died or hung and were started again in this run; the log says why">
          restarted: {restarted.map(({ name, restarts }) => `${name} ${restarts}`).join(', ')}
        </span>
      )}
      <div class="facts">
        <span>
          run <b>{status.run}</b>
        </span>
        <span class="wide-only">
          up <b>{duration(status.uptimeSeconds)}</b>
        </span>
        {status.speed !== 1 && (
          <span>
            speed <b>{status.speed}x</b>
          </span>
        )}
        <span class="clock">
          <b>{clock(status.nowUs)}</b> UTC
        </span>
        <span class="link" title={isConnected ? 'live' : 'the engine does not answer; trying again'}>
          <Dot tone={isConnected ? 'good' : 'bad'} /> {isConnected ? 'live' : 'lost'}
        </span>
      </div>
    </header>
  );
}
