/** Parameters of a running strategy: the form, the preview of what a change would do, apply, roll back. Opened from the strategies panel. */
import { useEffect, useState } from 'preact/hooks';
import type { ParamsPayload, ParamSpec, ParamValue, PreviewPayload } from '../../../payload-admin.ts';
import { canChange, paramsOf, preview, rollback, setParams } from '../admin.ts';
import { Dialog } from '../dialog.tsx';
import { clock } from '../format.ts';
import { PreviewTable } from './preview.tsx';

type Edits = Readonly<Record<string, ParamValue | null>>;

/** A person types: the engine is asked when they pause. */
const ASK_AFTER_MS = 350;

export function ParamsDialog(props: { readonly strategy: string; readonly onClose: () => void }) {
  const { strategy } = props;
  const [held, setHeld] = useState<ParamsPayload | null>(null);
  const [edits, setEdits] = useState<Edits>({});
  const [shown, setShown] = useState<PreviewPayload | null>(null);
  const [refusal, setRefusal] = useState('');
  const [done, setDone] = useState('');
  const [isBusy, setBusy] = useState(false);
  const fail = (reason: unknown): void => {
    setShown(null);
    setRefusal(reason instanceof Error ? reason.message : String(reason));
  };
  const load = (): Promise<void> => paramsOf(strategy).then(setHeld);
  useEffect(() => void load().catch(fail), []);
  useEffect(() => {
    let isCurrent = true;
    const timer = setTimeout(() => {
      preview(strategy, edits).then(
        (answer) => {
          if (!isCurrent) return;
          setShown(answer);
          setRefusal('');
        },
        (reason: unknown) => isCurrent && fail(reason),
      );
    }, ASK_AFTER_MS);
    return () => {
      isCurrent = false;
      clearTimeout(timer);
    };
  }, [edits, held]);
  const change = (act: () => Promise<{ readonly text: string }>): void => {
    setBusy(true);
    act()
      .then(({ text }) => {
        setDone(text);
        setEdits({});
        return load();
      })
      .catch(fail)
      .finally(() => setBusy(false));
  };
  if (held === null) return null;
  const last = held.changes.at(-1);
  const canApply = canChange && held.isLive && shown?.isChange === true && shown.effect !== 'restart' && refusal === '' && !isBusy;
  return (
    <Dialog title={`${strategy}: parameters`} kind="wide" onClose={props.onClose}>
      <div class="params">
        <div class="params-form">
          {held.specs.map((spec) => (
            <Field
              key={spec.key}
              spec={spec}
              held={held}
              edit={edits[spec.key]}
              onEdit={(value) => {
                setDone('');
                setEdits(withEdit(edits, spec.key, value, held.values[spec.key]));
              }}
            />
          ))}
        </div>
        <div class="params-preview">
          {refusal !== '' && <p class="refusal">{refusal}</p>}
          {done !== '' && refusal === '' && <p class="applied">{done}</p>}
          {shown !== null && refusal === '' && (
            <>
              {shown.isChange && <p class={`effect ${shown.effect}`}>{shown.said}</p>}
              {shown.grid !== null ? (
                <PreviewTable grid={shown.grid} />
              ) : (
                <p class="dim">
                  A {shown.kind} has no ladder to preview: its parameters decide what it takes from the next look at its books on.
                </p>
              )}
            </>
          )}
        </div>
      </div>
      <footer class="dialog-foot">
        {last !== undefined && (
          <button disabled={isBusy || !canChange} onClick={() => change(() => rollback(strategy))} title={changeText(last)}>
            roll back {clock(last.tsUs)}
          </button>
        )}
        <span class="dim grow">
          {held.from === 'file' ? 'runs as the file says' : 'runs as changed, not as the file says'}
          {held.isLive ? '' : '; takes new parameters at a restart only'}
        </span>
        <button disabled={Object.keys(edits).length === 0} onClick={() => setEdits({})}>
          undo edits
        </button>
        <button class="primary" disabled={!canApply} onClick={() => change(() => setParams(strategy, edits))}>
          apply
        </button>
      </footer>
    </Dialog>
  );
}

function withEdit(edits: Edits, key: string, value: ParamValue | null, held: ParamValue | undefined): Edits {
  const { [key]: _, ...rest } = edits;
  const isSame = value === null ? held === undefined : String(value) === String(held);
  return isSame ? rest : { ...rest, [key]: value };
}

function Field(props: {
  readonly spec: ParamSpec;
  readonly held: ParamsPayload;
  readonly edit: ParamValue | null | undefined;
  readonly onEdit: (value: ParamValue | null) => void;
}) {
  const { spec, held, edit, onEdit } = props;
  const value = edit === undefined ? held.values[spec.key] : (edit ?? undefined);
  const isEdited = edit !== undefined;
  const isOffFile = held.values[spec.key] !== held.file[spec.key];
  const text = value === undefined ? '' : String(value);
  return (
    <label class={`field ${isEdited ? 'edited' : ''}`} title={spec.reason}>
      <span>
        {spec.key}
        {spec.unit !== '' && <em class="dim"> {spec.unit}</em>}
        {isOffFile && (
          <em class="warn" title={`the file says ${String(held.file[spec.key] ?? 'nothing')}`}>
            {' '}
            •
          </em>
        )}
      </span>
      {spec.type === 'boolean' ? (
        <input type="checkbox" checked={value === true} onChange={(event) => onEdit(event.currentTarget.checked)} />
      ) : spec.type === 'choice' ? (
        <select value={text} onChange={(event) => onEdit(event.currentTarget.value === '' ? null : event.currentTarget.value)}>
          {spec.default === undefined && <option value="">-</option>}
          {(spec.choices ?? []).map((choice) => (
            <option key={choice} value={choice}>
              {choice}
            </option>
          ))}
        </select>
      ) : (
        <input
          type="text"
          spellcheck={false}
          value={text}
          placeholder={spec.default === undefined ? '-' : String(spec.default)}
          onInput={(event) => onEdit(event.currentTarget.value === '' ? null : event.currentTarget.value)}
        />
      )}
    </label>
  );
}

function changeText({ before, after }: ParamsPayload['changes'][number]): string {
  const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])].filter((key) => before[key] !== after[key]);
  return keys.map((key) => `${key}: ${String(after[key] ?? 'none')} back to ${String(before[key] ?? 'none')}`).join('\n');
}
