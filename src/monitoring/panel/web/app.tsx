/** The desk: header, key figures, then three columns of panels, which become two and then one on narrower screens. */
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
import { StoresPanel } from './panels/stores.tsx';
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
        <div class="column">
          <VenuesPanel />
          <BooksPanel />
          <StoresPanel />
        </div>
        <div class="column">
          <StrategiesPanel />
          <GridPanel />
          <OrdersPanel />
          <FillsPanel />
        </div>
        <div class="column">
          <ProfitPanel />
          <EquityPanel />
          <LatencyPanel />
          <RefusalsPanel />
        </div>
      </main>
    </div>
  );
}
