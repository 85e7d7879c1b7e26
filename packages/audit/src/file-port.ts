/** A file that is written to at its end. */
export interface AuditFile {
  /** Writes all the bytes; when it fails, any part of them may stand in the file. */
  write(bytes: Buffer): Promise<void>
  /** Resolves when what was written survives a loss of power. */
  sync(): Promise<void>
  close(): Promise<void>
}

/** A file of a folder. */
export interface AuditFileEntry {
  readonly name: string
  readonly bytes: number
  readonly modifiedAtUnixMs: number
}

/** All that the trail does with files, so that a test can let each of it fail. Failures are Node's own errors. */
export interface AuditFilePort {
  makeFolder(folder: string): Promise<void>
  list(folder: string): Promise<readonly AuditFileEntry[]>
  /** Creates a file that is not there yet, and makes its name durable. */
  create(path: string): Promise<AuditFile>
  /** Reads `bytes` bytes from `position` on, or as many as there are. */
  read(path: string, position: number, bytes: number): Promise<Buffer>
  /** Cuts a file to its first `bytes` bytes, durably. */
  truncate(path: string, bytes: number): Promise<void>
  remove(path: string): Promise<void>
  /** Takes the folder for this process; `undefined` when another one that lives has it. */
  lock(folder: string): Promise<(() => Promise<void>) | undefined>
}
