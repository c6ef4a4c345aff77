// The backend in a process of its own, in the schema that the arguments name.

import { serveBackend } from '@workflow-state/core/conformance';
import { postgresBackend } from '../src/index.js';

serveBackend(process, postgresBackend({ schema: process.argv[2] ?? '' }));
