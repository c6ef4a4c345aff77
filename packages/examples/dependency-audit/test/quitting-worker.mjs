// A worker that ends by itself before it can be killed.
import { openStore } from '../dist/stores.js';
import { work } from '../dist/worker.js';

const [url, root, out] = process.argv.slice(2);
const send = process.send.bind(process);
process.send = (message, ...rest) => {
  if (message.type === 'working' && message.position.stage === 'hash') process.exit(0);
  return send(message, ...rest);
};
await work({ root, out, open: (options) => openStore(url, options) });
