// Entry of the worker's process. The supervisor passes where everything is.

import { openStore } from './stores.js';
import { work } from './worker.js';

const [url = '', root = '', out = ''] = process.argv.slice(2);
await work({ root, out, open: (options) => openStore(url, options) });
