import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { readDescription } from './api-description.ts';

// `npm run api:describe` writes the description of the API to openapi.json.

writeFileSync(fileURLToPath(new URL('../../openapi.json', import.meta.url)), await readDescription());
