import type { Kysely } from 'kysely'
import type { Migration } from 'kysely/migration'

async function createSessions(database: Kysely<unknown>): Promise<void> {
  await database.schema
    .createTable('sessions')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('issuer', 'text', (column) => column.notNull())
    .addColumn('subject', 'text', (column) => column.notNull())
    .addColumn('first_at_unix_ms', 'bigint', (column) => column.notNull())
    .addColumn('last_at_unix_ms', 'bigint', (column) => column.notNull())
    .addColumn('sign_ins', 'bigint', (column) => column.notNull())
    .addColumn('records_read', 'bigint', (column) => column.notNull())
    .addColumn('records_written', 'bigint', (column) => column.notNull())
    .addColumn('denials', 'bigint', (column) => column.notNull())
    .addColumn('asks', 'bigint', (column) => column.notNull())
    .addColumn('replays', 'bigint', (column) => column.notNull())
    .execute()
  await database.schema.createIndex('sessions_newest').on('sessions').columns(['last_at_unix_ms', 'id']).execute()
  await database.schema.createIndex('sessions_principal').on('sessions').columns(['subject', 'issuer']).execute()
}

async function createEntries(database: Kysely<unknown>): Promise<void> {
  await database.schema
    .createTable('session_entries')
    .addColumn('writer', 'text', (column) => column.notNull())
    .addColumn('seq', 'bigint', (column) => column.notNull())
    .addColumn('session_id', 'text', (column) => column.notNull())
    .addColumn('kind', 'text', (column) => column.notNull())
    .addColumn('at_unix_ms', 'bigint', (column) => column.notNull())
    .addColumn('topic', 'text')
    .addColumn('partition', 'integer')
    .addColumn('intent', 'text')
    .addColumn('content', 'text', (column) => column.notNull())
    .addPrimaryKeyConstraint('session_entries_key', ['writer', 'seq'])
    .execute()
  const index = (name: string, columns: readonly string[]) =>
    database.schema
      .createIndex(name)
      .on('session_entries')
      .columns(columns as never)
      .execute()
  await index('session_entries_order', ['session_id', 'at_unix_ms', 'writer', 'seq'])
  await index('session_entries_topic', ['topic', 'session_id'])
  await index('session_entries_intent', ['intent'])
}

/** Sessions as the index over the trail has them, and the masks that they saw. */
export const createSessionTables: Migration = {
  up: async (database) => {
    await createSessions(database)
    await createEntries(database)
    await database.schema
      .createTable('masks')
      .addColumn('digest', 'text', (column) => column.primaryKey())
      .addColumn('first_seen_unix_ms', 'bigint', (column) => column.notNull())
      .addColumn('content', 'text', (column) => column.notNull())
      .execute()
  },
}
