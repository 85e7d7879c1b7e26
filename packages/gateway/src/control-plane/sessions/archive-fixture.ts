// Test fixture: a trail and a store in a folder of their own, and the archive over both.
import { generateKeyPairSync } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock } from '@headgate/core'
import { describeSigningKey } from '../../config/signing-key.ts'
import { openStore } from '../../store/store.ts'
import { type AuditTrail, openAuditTrail } from '../audit-trail.ts'
import { collectLog, type LoggedLine } from '../control-plane-fixture.ts'
import { TrailIndex } from '../trail-index/trail-index.ts'
import { SessionArchive } from './session-archive.ts'

/** An archive over a real trail. */
export interface TestArchive {
  readonly archive: SessionArchive
  readonly trail: AuditTrail
  readonly lines: readonly LoggedLine[]
  /** Ends archive and trail, and begins anew on the same folder. */
  restart(): Promise<void>
  close(): Promise<void>
}

interface OpenArchive {
  readonly archive: SessionArchive
  readonly index: TrailIndex
  readonly trail: AuditTrail
}

class ArchiveFolder implements TestArchive {
  readonly #folder = mkdtempSync(join(tmpdir(), 'headgate-archive-'))
  readonly #key = describeSigningKey('audit', generateKeyPairSync('ed25519').privateKey)
  readonly #log = collectLog()
  #opened: OpenArchive | undefined

  get archive(): SessionArchive {
    return this.#now().archive
  }

  get trail(): AuditTrail {
    return this.#now().trail
  }

  get lines(): readonly LoggedLine[] {
    return this.#log.lines
  }

  async open(): Promise<this> {
    const { log } = this.#log
    const audit = {
      ...{
        folder: join(this.#folder, 'trail'),
        gateway: 'gate-1',
        checkpointKey: this.#key,
        checkpointCopy: undefined,
      },
      retentionMs: 86_400_000,
    }
    const trail = await openAuditTrail({ audit, log, clock: systemClock })
    const openFile = (name: string) => () => openStore({ store: { path: join(this.#folder, name) }, log })
    const index = new TrailIndex({ trail, log, clock: systemClock, openStore: openFile('index.sqlite') })
    index.start()
    const archive = new SessionArchive({ index, openStore: openFile('gateway.db'), log, clock: systemClock })
    this.#opened = { archive, index, trail }
    return this
  }

  async restart(): Promise<void> {
    await this.#end()
    await this.open()
  }

  async close(): Promise<void> {
    await this.#end()
    rmSync(this.#folder, { recursive: true, force: true })
  }

  async #end(): Promise<void> {
    await this.#opened?.archive.close()
    await this.#opened?.index.close()
    await this.#opened?.trail.close()
    this.#opened = undefined
  }

  #now(): OpenArchive {
    if (this.#opened === undefined) throw new Error('it is closed')
    return this.#opened
  }
}

/** Opens one. */
export function openTestArchive(): Promise<TestArchive> {
  return new ArchiveFolder().open()
}
