// What even `npm run test:s3` has no time for.
import { interleavings } from './interleavings.js';

interleavings('exhaustive');
