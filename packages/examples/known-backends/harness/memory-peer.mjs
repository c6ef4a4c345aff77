import { serveBackend } from '@workflow-state/core/conformance';
import { memoryBackend } from '@workflow-state/memory';

serveBackend(process, memoryBackend());
