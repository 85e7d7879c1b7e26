import { Kysely } from 'kysely'
import { Migrator } from 'kysely/migration'
import type { Database } from './database.ts'
import { StoreOpenError } from './errors.ts'
import { MIGRATIONS } from './migrations/migrations.ts'
import { SqliteClient } from './sqlite-client.ts'
import { SqliteThreadDialect } from './sqlite-dialect.ts'
import type { Store } from './store.ts'

async function migrate(database: Kysely<Database>, path: string): Promise<void> {
  const provider = { getMigrations: async () => ({ ...MIGRATIONS }) }
  const { error } = await new Migrator({ db: database, provider }).migrateToLatest()
  if (error === undefined) return
  const reason = 'its schema is not one of this version, or cannot be brought up to it'
  throw new StoreOpenError(path, reason, error)
}

/**
 * Opens a store in a SQLite file, or in memory for `:memory:`, with its schema up to date.
 *
 * @throws {StoreOpenError} `ERR_GATEWAY_STORE_OPEN`
 */
export async function openSqliteStore(path: string): Promise<Store> {
  const client = await SqliteClient.open(path)
  const database = new Kysely<Database>({ dialect: new SqliteThreadDialect(client) })
  try {
    await migrate(database, path)
  } catch (error) {
    await client.close()
    throw error
  }
  return { database, close: () => database.destroy() }
}
