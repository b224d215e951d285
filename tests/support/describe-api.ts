import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { readDescription } from './api-description.ts';
import { writeCallTables } from './call-tables.ts';

// `npm run api:describe` writes the description of the API to openapi.json, and its calls into docs/http-api.md.

const description = await readDescription();
writeFileSync(fileURLToPath(new URL('../../openapi.json', import.meta.url)), description);
writeCallTables(JSON.parse(description));
