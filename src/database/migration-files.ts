import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { Knex } from 'knex';

/** Next to `src` in the sources and next to `dist/src` in the build. */
const migrationsFolder = fileURLToPath(new URL('../../migrations/', import.meta.url));

/**
 * How long a migration waits for a table. A session that comes to the table after it waits as long, so this is less
 * than what movements wait for their turn and for locks.
 */
const lockTimeoutMs = 2_000;

/** A migration failed; its cause says why. Nothing of it was kept. */
export class MigrationFailure extends Error {
  override name = 'MigrationFailure';
  readonly migration: string;

  constructor(migration: string, cause: unknown) {
    super(`the migration ${migration} failed`, { cause });
    this.migration = migration;
  }
}

/**
 * Names migrations without their extension. Knex would note `.ts` when run from the sources and look for the same name
 * in the build, where it is `.js`.
 */
export class MigrationFiles implements Knex.MigrationSource<string> {
  async getMigrations(): Promise<string[]> {
    const files = await readdir(migrationsFolder);
    return files.filter((file) => /^\d{14}_\w+\.(ts|js)$/.test(file)).sort();
  }

  getMigrationName(file: string): string {
    return path.parse(file).name;
  }

  async getMigration(file: string): Promise<Knex.Migration> {
    const name = this.getMigrationName(file);
    const { up, down }: Knex.Migration = await import(pathToFileURL(path.join(migrationsFolder, file)).href);
    return {
      async up(knex) {
        try {
          await knex.raw(`set local lock_timeout = ${lockTimeoutMs}`);
          await up(knex);
        } catch (error) {
          throw new MigrationFailure(name, error);
        }
      },
      down: down!,
    };
  }
}
