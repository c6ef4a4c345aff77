// All cases, in the order of their clauses. Ids are unique and never reused.

import type { ConformanceCase } from '../case.js';
import { acknowledgementCases } from './acknowledgement.js';
import { compareAndSetCases } from './compare-and-set.js';
import { harnessCases } from './harness.js';
import { honestOutcomeCases } from './honest-outcome.js';
import { isolationCases } from './isolation.js';
import { resurrectionCases } from './resurrection.js';
import { roundTripCases } from './round-trip.js';

export const CASES: readonly ConformanceCase[] = [
  ...harnessCases,
  ...roundTripCases,
  ...isolationCases,
  ...compareAndSetCases,
  ...acknowledgementCases,
  ...resurrectionCases,
  ...honestOutcomeCases,
];
