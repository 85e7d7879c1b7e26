import type { Migration } from 'kysely/migration'

/** Tokens of identity providers that begin no session any more, each until its end. */
export const createRefusedTokens: Migration = {
  up: async (database) => {
    await database.schema
      .createTable('refused_tokens')
      .addColumn('digest', 'text', (column) => column.primaryKey())
      .addColumn('until_unix_ms', 'bigint', (column) => column.notNull())
      .execute()
  },
}
