import { readFileSync } from 'node:fs'
import { type FileHandle, mkdir, open, readdir, readFile, rm, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { AuditFile, AuditFileEntry, AuditFilePort } from './file-port.ts'

const LOCK = 'lock'

function wordOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? ''
}

class NodeFile implements AuditFile {
  readonly #handle: FileHandle

  constructor(handle: FileHandle) {
    this.#handle = handle
  }

  async write(bytes: Buffer): Promise<void> {
    for (let at = 0; at < bytes.length; ) at += (await this.#handle.write(bytes, at)).bytesWritten
  }

  sync(): Promise<void> {
    return this.#handle.datasync()
  }

  close(): Promise<void> {
    return this.#handle.close()
  }
}

async function syncFolder(folder: string): Promise<void> {
  // Windows opens no folders; its file system keeps names by itself.
  if (process.platform === 'win32') return
  const handle = await open(folder, 'r')
  await handle.sync().finally(() => handle.close())
}

async function list(folder: string): Promise<AuditFileEntry[]> {
  const entries = await readdir(folder, { withFileTypes: true })
  const files = entries.filter((entry) => entry.isFile()).map(({ name }) => name)
  return Promise.all(
    files.map(async (name) => {
      const { size, mtimeMs } = await stat(join(folder, name))
      return { name, bytes: size, modifiedAtUnixMs: mtimeMs }
    }),
  )
}

async function create(path: string): Promise<AuditFile> {
  const handle = await open(path, 'ax', 0o640)
  try {
    await syncFolder(dirname(path))
  } catch (cause) {
    await handle.close()
    throw cause
  }
  return new NodeFile(handle)
}

async function read(path: string, position: number, bytes: number): Promise<Buffer> {
  const handle = await open(path, 'r')
  try {
    const buffer = Buffer.allocUnsafe(Math.max(0, Math.min(bytes, (await handle.stat()).size - position)))
    let length = 0
    while (length < buffer.length) {
      const { bytesRead } = await handle.read(buffer, length, buffer.length - length, position + length)
      if (bytesRead === 0) break
      length += bytesRead
    }
    return buffer.subarray(0, length)
  } finally {
    await handle.close()
  }
}

async function truncate(path: string, bytes: number): Promise<void> {
  const handle = await open(path, 'r+')
  try {
    await handle.truncate(bytes)
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** Who a process is: its id, and where the system tells it when it began, since ids are used again. */
function identityOf(pid: number): string {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ')
    return `${pid} ${fields[19] ?? ''}`
  } catch {
    return `${pid} `
  }
}

function isAlive(identity: string): boolean {
  const pid = Number.parseInt(identity, 10)
  if (!(pid > 0) || identityOf(pid) !== identity) return false
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return wordOf(error) === 'EPERM'
  }
}

async function tryLock(path: string, identity: string): Promise<boolean> {
  try {
    const handle = await open(path, 'wx', 0o640)
    await handle.writeFile(identity).finally(() => handle.close())
    return true
  } catch (error) {
    if (wordOf(error) === 'EEXIST') return false
    throw error
  }
}

async function lock(folder: string): Promise<(() => Promise<void>) | undefined> {
  const path = join(folder, LOCK)
  const identity = identityOf(process.pid)
  const release = (): Promise<void> => rm(path, { force: true })
  if (await tryLock(path, identity)) return release
  if (isAlive(await readFile(path, 'utf8').catch(() => ''))) return undefined
  // What a process left behind that was killed.
  await release()
  return (await tryLock(path, identity)) ? release : undefined
}

/** The files of the machine. */
export const nodeFiles: AuditFilePort = Object.freeze({
  makeFolder: async (folder: string) => {
    await mkdir(folder, { recursive: true, mode: 0o750 })
  },
  list,
  create,
  read,
  truncate,
  remove: (path: string) => rm(path),
  lock,
})
