// The backend in a process of its own, on the file that the arguments name.

import { serveBackend } from '@workflow-state/core/conformance';
import { sqliteBackend } from '../src/index.js';

serveBackend(process, sqliteBackend({ file: process.argv[2] ?? '' }));
