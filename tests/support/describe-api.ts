import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { readDescription } from './api-description.ts';
import { writeCallTables } from './call-tables.ts';
import { generateClient } from './generate-client.ts';

// `npm run api:describe` writes the description of the API to openapi.json, its calls into docs/http-api.md, and what the
// client knows of it to src/client/known-api.ts.

const inProject = (file: string) => fileURLToPath(new URL(`../../${file}`, import.meta.url));
const text = await readDescription();
const description = JSON.parse(text);
writeFileSync(inProject('openapi.json'), text);
writeCallTables(description);
writeFileSync(inProject('src/client/known-api.ts'), generateClient(description));
