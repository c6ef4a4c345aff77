import { serveBackend } from '@workflow-state/core/conformance';
import { fileSystemBackend } from '@workflow-state/filesystem';

serveBackend(process, fileSystemBackend({ directory: process.argv[2] ?? '' }));
