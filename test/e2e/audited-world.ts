import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import {
  type AuditFile,
  type AuditFilePort,
  type AuditPublicKey,
  nodeFiles,
  parseAuditPublicKeys,
  type RecordedEvent,
} from '@headgate/audit'
import { Kafka } from 'kafkajs'
import { until } from '../kafka/until.ts'
import type { World } from '../world/start-world.ts'

/** A gateway with a trail. */
export const AUDIT_SECTION = {
  audit: {
    folder: 'audit',
    gateway: 'gate-1',
    checkpointKey: { file: 'audit-key.jwk.json' },
    checkpointCopy: 'newest.checkpoint',
    retentionDays: 400,
  },
}

/** Where the trail of a world is, and what verifies it. */
export interface TrailFiles {
  readonly folder: string
  readonly keyPath: string
  readonly checkpointPath: string
  readonly keys: readonly AuditPublicKey[]
}

/** The files of the trail beside a gateway's config. */
export function trailFilesOf(configPath: string): TrailFiles {
  const directory = dirname(configPath)
  const keyPath = join(directory, 'audit-key.jwk.json')
  const keys = parseAuditPublicKeys(readFileSync(keyPath, 'utf8'))
  return { folder: join(directory, 'audit'), keyPath, checkpointPath: join(directory, 'newest.checkpoint'), keys }
}

/** The events on record, in their order. */
export function recordedEvents(folder: string): RecordedEvent[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith('.jsonl'))
    .sort()
    .flatMap((name) => readFileSync(join(folder, name), 'utf8').split('\n').slice(0, -1))
    .map((line) => JSON.parse(line) as RecordedEvent)
}

/** Waits until an event is on record; gives all that are then. */
export async function eventually(
  folder: string,
  holds: (events: readonly RecordedEvent[]) => boolean,
): Promise<readonly RecordedEvent[]> {
  await until('the event is on record', () => holds(recordedEvents(folder)), { timeoutMs: 20_000 })
  return recordedEvents(folder)
}

/** Unwrapped kafkajs with client id and secret. */
export function plainKafka(world: World, clientId: string): Kafka {
  return new Kafka({
    clientId,
    brokers: [world.bootstrap],
    ssl: { ca: [world.ca.pem] },
    sasl: { mechanism: 'plain', username: clientId, password: world.secretOf(clientId) },
    retry: { retries: 8, initialRetryTime: 100, maxRetryTime: 500 },
    logLevel: 0,
  })
}

/** The machine's files, on a disk that a test fills and empties. */
export class FillableDisk implements AuditFilePort {
  isFull = false
  /** How often it was full. */
  refusals = 0
  makeFolder = nodeFiles.makeFolder
  list = nodeFiles.list
  read = nodeFiles.read
  truncate = nodeFiles.truncate
  remove = nodeFiles.remove
  lock = nodeFiles.lock

  async create(path: string): Promise<AuditFile> {
    if (this.isFull) throw this.#refuse()
    const file = await nodeFiles.create(path)
    return {
      write: async (bytes) => {
        if (!this.isFull) return file.write(bytes)
        await file.write(bytes.subarray(0, 100))
        throw this.#refuse()
      },
      sync: () => file.sync(),
      close: () => file.close(),
    }
  }

  #refuse(): Error {
    this.refusals += 1
    return Object.assign(new Error('no space left'), { code: 'ENOSPC' })
  }
}
