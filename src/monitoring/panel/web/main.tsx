/** Entry of the page: connects the store to the engine's live push and draws. Runs in the browser. */
import { render } from 'preact';
import 'uplot/dist/uPlot.min.css';
import './style.css';
import { App } from './app.tsx';
import { LiveSocket } from './socket.ts';
import { store } from './store.ts';

const root = document.getElementById('app');
if (root !== null) render(<App />, root);
new LiveSocket(store).start();
