/** The page's few building blocks. */
import type { ComponentChildren } from 'preact';

export function Panel(props: {
  readonly title: string;
  readonly area: string;
  readonly aside?: ComponentChildren;
  readonly flush?: boolean;
  readonly children: ComponentChildren;
}) {
  return (
    <section class={`panel area-${props.area}`} aria-label={props.title}>
      <header class="panel-head">
        <h2>{props.title}</h2>
        <div class="panel-aside">{props.aside}</div>
      </header>
      <div class={props.flush === true ? 'panel-body flush' : 'panel-body'}>{props.children}</div>
    </section>
  );
}

export function Dot(props: { readonly tone: 'good' | 'warn' | 'bad' | 'idle'; readonly title?: string }) {
  return <i class={`dot ${props.tone}`} title={props.title} />;
}

export function Tabs(props: { readonly names: readonly string[]; readonly chosen: string; readonly onChoose: (name: string) => void }) {
  return (
    <div class="tabs" role="tablist">
      {props.names.map((name) => (
        <button key={name} role="tab" aria-selected={name === props.chosen} onClick={() => props.onChoose(name)}>
          {name}
        </button>
      ))}
    </div>
  );
}

export function Empty(props: { readonly children: ComponentChildren }) {
  return <p class="empty">{props.children}</p>;
}
