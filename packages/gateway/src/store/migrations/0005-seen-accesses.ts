import type { Migration } from 'kysely/migration'

/** What clients were let do, one row for each thing; since when rules are in force; and from when on all that has been kept. */
export const createSeenAccesses: Migration = {
  up: async (database) => {
    await database.schema
      .createTable('seen_accesses')
      .addColumn('issuer', 'text', (column) => column.notNull())
      .addColumn('subject', 'text', (column) => column.notNull())
      .addColumn('client_id', 'text', (column) => column.notNull())
      .addColumn('resource_type', 'text', (column) => column.notNull())
      .addColumn('operation', 'integer', (column) => column.notNull())
      .addColumn('name', 'text', (column) => column.notNull())
      .addColumn('first_at_unix_ms', 'bigint', (column) => column.notNull())
      .addColumn('last_at_unix_ms', 'bigint', (column) => column.notNull())
      .addColumn('partitions', 'text', (column) => column.notNull())
      .addColumn('rule_ids', 'text', (column) => column.notNull())
      .addPrimaryKeyConstraint('seen_accesses_key', [
        'issuer',
        'subject',
        'client_id',
        'resource_type',
        'operation',
        'name',
      ])
      .execute()
    await database.schema
      .createTable('seen_rules')
      .addColumn('rule_id', 'text', (column) => column.primaryKey())
      .addColumn('first_at_unix_ms', 'bigint', (column) => column.notNull())
      .execute()
    await database.schema
      .createTable('seen_since')
      .addColumn('at_unix_ms', 'bigint', (column) => column.primaryKey())
      .execute()
  },
}
