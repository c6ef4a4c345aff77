// All cases, in the order of their clauses. Ids are unique and never reused.

import type { ConformanceCase } from '../case.js';
import { acknowledgementCases } from './acknowledgement.js';
import { capabilitiesCases } from './capabilities.js';
import { cleanupCases } from './cleanup.js';
import { compareAndSetCases } from './compare-and-set.js';
import { corruptionCases } from './corruption.js';
import { durabilityCases } from './durability.js';
import { formatCases } from './formats.js';
import { harnessCases } from './harness.js';
import { honestOutcomeCases } from './honest-outcome.js';
import { isolationCases } from './isolation.js';
import { lifecycleCases } from './lifecycle.js';
import { listingCases } from './listing.js';
import { refusalCases } from './refusal.js';
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
  ...durabilityCases,
  ...listingCases,
  ...cleanupCases,
  ...corruptionCases,
  ...refusalCases,
  ...capabilitiesCases,
  ...lifecycleCases,
  ...formatCases,
];
