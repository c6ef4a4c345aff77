import { interleavings } from './interleavings.js';

interleavings('short');
