import type { LogPort } from '@headgate/core'
import type { Kysely } from 'kysely'
import type { StoreConfig } from '../config/gateway-config.ts'
import type { Database } from './database.ts'

/** What outlives a restart: the one place that decides between two who want to change the same thing. */
export interface Store {
  readonly database: Kysely<Database>
  /** Lets statements finish and closes. */
  close(): Promise<void>
}

/** What {@link openStore} needs. */
export interface OpenStoreOptions {
  /** Absent for a store that lives in memory and ends with the process. */
  readonly store: StoreConfig | undefined
  readonly log: LogPort
}

/**
 * Opens the store and brings its schema up to date.
 *
 * Kysely is loaded here and not before, since nothing on the data path needs it.
 *
 * @throws {StoreOpenError} `ERR_GATEWAY_STORE_OPEN`
 */
export async function openStore({ store, log }: OpenStoreOptions): Promise<Store> {
  const { openSqliteStore } = await import('./sqlite-store.ts')
  const opened = await openSqliteStore(store?.path ?? ':memory:')
  if (store !== undefined) log.info({ event: 'store', path: store.path }, 'store opened')
  return opened
}
