// Test fixture: files in memory, whose every operation a test can let fail, and which a loss of power or a kill can end.
import { dirname, join } from 'node:path'
import type { AuditFile, AuditFilePort } from './file-port.ts'

interface MemoryFile {
  bytes: Buffer
  durableBytes: Buffer
}

/** What a fault may be injected into. */
export type FileOperation = 'create' | 'write' | 'sync' | 'truncate' | 'read' | 'remove'

export class MemoryFiles implements AuditFilePort {
  readonly files: Map<string, MemoryFile> = new Map()
  readonly #locks = new Set<string>()
  /** Fails an operation; gives how many of the bytes are written before a write fails. */
  fault: ((operation: FileOperation, path: string) => { readonly writtenBytes?: number } | undefined) | undefined
  writes = 0
  syncs = 0

  async makeFolder(): Promise<void> {}

  async list(folder: string): Promise<{ name: string; bytes: number; modifiedAtUnixMs: number }[]> {
    return [...this.files].flatMap(([path, { bytes }]) =>
      dirname(path) === folder
        ? [{ name: path.slice(folder.length + 1), bytes: bytes.length, modifiedAtUnixMs: this.modifiedAtUnixMs }]
        : [],
    )
  }

  modifiedAtUnixMs = 0

  async create(path: string): Promise<AuditFile> {
    this.#check('create', path)
    if (this.files.has(path)) throw Object.assign(new Error('exists'), { code: 'EEXIST' })
    const file = { bytes: Buffer.alloc(0), durableBytes: Buffer.alloc(0) }
    this.files.set(path, file)
    return {
      write: async (bytes) => {
        this.writes += 1
        const fault = this.fault?.('write', path)
        const written = fault === undefined ? bytes : bytes.subarray(0, fault.writtenBytes ?? 0)
        file.bytes = Buffer.concat([file.bytes, written])
        if (fault !== undefined) throw Object.assign(new Error('no space'), { code: 'ENOSPC' })
      },
      sync: async () => {
        this.syncs += 1
        this.#check('sync', path)
        file.durableBytes = file.bytes
      },
      close: async () => {},
    }
  }

  async read(path: string, position: number, bytes: number): Promise<Buffer> {
    this.#check('read', path)
    return Buffer.from(this.#file(path).bytes.subarray(position, position + bytes))
  }

  async truncate(path: string, bytes: number): Promise<void> {
    this.#check('truncate', path)
    const file = this.#file(path)
    file.bytes = file.bytes.subarray(0, bytes)
    file.durableBytes = file.bytes
  }

  async remove(path: string): Promise<void> {
    this.#check('remove', path)
    this.files.delete(path)
  }

  async lock(folder: string): Promise<(() => Promise<void>) | undefined> {
    if (this.#locks.has(folder)) return undefined
    this.#locks.add(folder)
    return async () => void this.#locks.delete(folder)
  }

  /** The process was killed: what it had written stays. */
  kill(): void {
    this.#locks.clear()
  }

  /** The texts of a folder's segments, in order. */
  texts(folder: string): string[] {
    return [...this.files.keys()]
      .filter((path) => path.startsWith(join(folder, 'segment-')))
      .sort()
      .map((path) => this.#file(path).bytes.toString('utf8'))
  }

  /** All lines of a folder's segments, parsed. */
  lines(folder: string): Record<string, unknown>[] {
    return this.texts(folder).flatMap((text) =>
      text
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as Record<string, unknown>),
    )
  }

  #check(operation: FileOperation, path: string): void {
    if (this.fault?.(operation, path) !== undefined) throw Object.assign(new Error(operation), { code: 'EIO' })
  }

  #file(path: string): MemoryFile {
    const file = this.files.get(path)
    if (file === undefined) throw Object.assign(new Error('missing'), { code: 'ENOENT' })
    return file
  }
}
