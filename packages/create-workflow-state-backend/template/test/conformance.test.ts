import { describe, it } from 'node:test';
import { registerConformance } from '@workflow-state/core/conformance';
import { harness } from './harness.js';

registerConformance({ describe, it, skip: it.skip }, harness);
