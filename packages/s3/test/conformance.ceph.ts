// The whole conformance suite on a real S3 server, listings of 2 000 instances under writes included.
import { registerConformance } from '@workflow-state/core/conformance';
import { describe, it } from 'vitest';
import { harness } from './ceph-harness.js';

registerConformance({ describe, it, skip: it.skip }, harness);
