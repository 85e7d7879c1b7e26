import {
  CompiledQuery,
  type DatabaseConnection,
  type Dialect,
  type Driver,
  type Kysely,
  type QueryCompiler,
  type QueryResult,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
} from 'kysely'
import type { SqliteClient } from './sqlite-client.ts'
import type { SqliteValue } from './sqlite-message.ts'

/** SQLite takes back changes of the schema with the transaction that made them; Kysely's own adapter does not use that. */
class TransactionalAdapter extends SqliteAdapter {
  override get supportsTransactionalDdl(): boolean {
    return true
  }
}

class SqliteConnection implements DatabaseConnection {
  readonly #client: SqliteClient

  constructor(client: SqliteClient) {
    this.#client = client
  }

  async executeQuery<R>({ sql, parameters }: CompiledQuery): Promise<QueryResult<R>> {
    const { rows, changes } = await this.#client.run(sql, parameters as readonly SqliteValue[])
    return { rows: rows as unknown as R[], numAffectedRows: changes }
  }

  streamQuery<R>(): AsyncIterableIterator<QueryResult<R>> {
    throw new Error('results are not streamed')
  }
}

class SqliteClientDriver implements Driver {
  readonly #client: SqliteClient
  readonly #connection: SqliteConnection
  // There is one connection: who wants it waits for all that came before, so that no statement falls into another's
  // transaction.
  #last: Promise<void> = Promise.resolve()
  #release: (() => void) | undefined

  constructor(client: SqliteClient) {
    this.#client = client
    this.#connection = new SqliteConnection(client)
  }

  async init(): Promise<void> {}

  async acquireConnection(): Promise<DatabaseConnection> {
    const before = this.#last
    let release: (() => void) | undefined
    this.#last = new Promise((resolve) => {
      release = resolve
    })
    await before
    this.#release = release
    return this.#connection
  }

  async releaseConnection(): Promise<void> {
    this.#release?.()
  }

  async beginTransaction(connection: DatabaseConnection): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw('begin immediate'))
  }

  async commitTransaction(connection: DatabaseConnection): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw('commit'))
  }

  async rollbackTransaction(connection: DatabaseConnection): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw('rollback'))
  }

  async destroy(): Promise<void> {
    await this.#client.close()
  }
}

/** Gives Kysely a database that lives in a thread of its own. */
export class SqliteThreadDialect implements Dialect {
  readonly #client: SqliteClient

  constructor(client: SqliteClient) {
    this.#client = client
  }

  createAdapter(): SqliteAdapter {
    return new TransactionalAdapter()
  }

  createDriver(): Driver {
    return new SqliteClientDriver(this.#client)
  }

  createQueryCompiler(): QueryCompiler {
    return new SqliteQueryCompiler()
  }

  createIntrospector(database: Kysely<unknown>): SqliteIntrospector {
    return new SqliteIntrospector(database)
  }
}
