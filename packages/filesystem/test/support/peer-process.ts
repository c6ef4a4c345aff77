// A backend for the conformance suite in a process of its own.

import { serveBackend } from '@workflow-state/core/conformance';
import { fileSystemBackend } from '../../src/filesystem-backend.js';

serveBackend(process, fileSystemBackend(JSON.parse(process.argv[2] ?? '')));
