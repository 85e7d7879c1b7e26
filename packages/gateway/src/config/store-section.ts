import type { ConfigReader } from './config-reader.ts'
import type { StoreConfig } from './gateway-config.ts'

/** Reads `store:`. Without it there is no store but the process's memory. */
export function readStore(reader: ConfigReader | undefined): StoreConfig | undefined {
  if (reader === undefined) return undefined
  const store: StoreConfig = { path: reader.source.resolvePath(reader.text('path')) }
  reader.close()
  return store
}
