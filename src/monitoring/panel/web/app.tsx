/** The desk: header, key figures, then panels in a grid that becomes one column on a phone. */
import { BooksPanel } from './panels/books.tsx';
import { EquityPanel } from './panels/equity.tsx';
import { FillsPanel } from './panels/fills.tsx';
import { GridPanel } from './panels/grid.tsx';
import { Header } from './panels/header.tsx';
import { KeyFigures } from './panels/key-figures.tsx';
import { LatencyPanel } from './panels/latency.tsx';
import { OrdersPanel } from './panels/orders.tsx';
import { ProfitPanel } from './panels/profit.tsx';
import { RefusalsPanel } from './panels/refusals.tsx';
import { StrategiesPanel } from './panels/strategies.tsx';
import { VenuesPanel } from './panels/venues.tsx';
import { useStore } from './store.ts';

export function App() {
  const { status, isConnected, wasConnected } = useStore('connection');
  if (status === null) {
    return <div class="waiting">{wasConnected || isConnected ? 'reading the engine' : 'connecting to the engine'}</div>;
  }
  return (
    <div class={status.simulated ? 'desk simulated' : 'desk'}>
      <Header />
      <KeyFigures />
      <main class="grid">
        <VenuesPanel />
        <BooksPanel />
        <StrategiesPanel />
        <GridPanel />
        <OrdersPanel />
        <FillsPanel />
        <ProfitPanel />
        <EquityPanel />
        <LatencyPanel />
        <RefusalsPanel />
      </main>
    </div>
  );
}
