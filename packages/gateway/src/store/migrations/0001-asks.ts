import type { Kysely } from 'kysely'
import type { Migration } from 'kysely/migration'

const LIVE = ['pending', 'approved', 'active']

async function createAsks(database: Kysely<unknown>): Promise<void> {
  await database.schema
    .createTable('asks')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('revision', 'integer', (column) => column.notNull())
    .addColumn('state', 'text', (column) => column.notNull())
    .addColumn('issuer', 'text', (column) => column.notNull())
    .addColumn('subject', 'text', (column) => column.notNull())
    .addColumn('protection', 'text', (column) => column.notNull())
    .addColumn('topic', 'text', (column) => column.notNull())
    .addColumn('operation', 'text', (column) => column.notNull())
    .addColumn('scope_digest', 'text', (column) => column.notNull())
    .addColumn('generation', 'integer', (column) => column.notNull())
    .addColumn('created_at_unix_ms', 'bigint', (column) => column.notNull())
    .addColumn('due_at_unix_ms', 'bigint')
    .addColumn('recorded_revision', 'integer', (column) => column.notNull().defaultTo(0))
    .addColumn('content', 'text', (column) => column.notNull())
    .addUniqueConstraint('asks_generation', ['scope_digest', 'generation'])
    .execute()
}

async function createIndexes(database: Kysely<unknown>): Promise<void> {
  // Of a scope at most one ask is under way, whoever opens them and wherever.
  await database.schema
    .createIndex('asks_live')
    .unique()
    .on('asks')
    .column('scope_digest')
    .where('state' as never, 'in', LIVE as never)
    .execute()
  await database.schema.createIndex('asks_newest').on('asks').columns(['created_at_unix_ms', 'id']).execute()
  await database.schema.createIndex('asks_due').on('asks').column('due_at_unix_ms').execute()
  await database.schema.createIndex('asks_asker').on('asks').columns(['issuer', 'subject']).execute()
}

/** The asks for approval: one row each, moved on by compare-and-set of its revision. */
export const createAskTable: Migration = {
  up: async (database) => {
    await createAsks(database)
    await createIndexes(database)
  },
}
