import type { Migration } from 'kysely/migration'

/** Sessions that were revoked, and tokens that were spent: each until nothing of it is about any more. */
export const createTokenTables: Migration = {
  up: async (database) => {
    for (const [table, key] of [
      ['revoked_sessions', 'session_id'],
      ['spent_tokens', 'digest'],
    ] as const) {
      await database.schema
        .createTable(table)
        .addColumn(key, 'text', (column) => column.primaryKey())
        .addColumn('until_unix_ms', 'bigint', (column) => column.notNull())
        .execute()
      await database.schema.createIndex(`${table}_until`).on(table).column('until_unix_ms').execute()
    }
  },
}
