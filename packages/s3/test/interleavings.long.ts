// In-process too, but too many for every run of `npm test`.
import { interleavings } from './interleavings.js';

interleavings('long');
