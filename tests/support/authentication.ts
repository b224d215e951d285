import { expect } from '@jest/globals';

/** How documents say that a key of the service asked for something. */
export const byService = { channel: 'service', keyId: expect.stringMatching(/^[0-9a-f-]{36}$/) };
