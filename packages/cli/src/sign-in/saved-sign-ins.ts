import { randomUUID } from 'node:crypto'
import {
  chmodSync,
  closeSync,
  fstatSync,
  fsyncSync,
  futimesSync,
  mkdirSync,
  constants as modes,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { Secret } from '@headgate/core'
import type { CommandIo } from '../command.ts'
import { FileUnreadableError } from '../errors.ts'
import { type JsonObject, jsonObject, numberMember, parseJson, textMember } from '../json-value.ts'
import { SignInBusyError } from './sign-in-errors.ts'

/** Where a person signed in, and as which public client. */
export interface LoginTarget {
  readonly issuer: string
  readonly clientId: string
  readonly scopes: readonly string[]
  readonly resource: string | undefined
}

/** A sign-in as it is kept between two commands. */
export interface SavedSignIn {
  readonly gateway: string
  readonly target: LoginTarget
  readonly accessToken: Secret<string>
  readonly issuedAtUnixMs: number
  readonly expiresAtUnixMs: number
  /** Absent where the identity provider gives none: then the sign-in ends with its access token. */
  readonly refreshToken: Secret<string> | undefined
}

const LOCK_STALE_MS = 60_000
const LOCK_POLL_MS = 50
const LOCK_POLLS = 400
const EXPOSED_BITS = 0o077
const IS_POSIX = process.platform !== 'win32'

function targetOf(object: JsonObject | undefined): LoginTarget | undefined {
  const [issuer, clientId] = [textMember(object, 'issuer'), textMember(object, 'clientId')]
  const scopes = object?.['scopes']
  if (issuer === undefined || clientId === undefined || !Array.isArray(scopes)) return undefined
  return { issuer, clientId, scopes: scopes.map(String), resource: textMember(object, 'resource') }
}

function signInOf(text: string, gateway: string): SavedSignIn | undefined {
  const object = jsonObject(parseJson(text))
  const target = targetOf(jsonObject(object?.['target']))
  const [accessToken, refreshToken] = [textMember(object, 'accessToken'), textMember(object, 'refreshToken')]
  const issuedAtUnixMs = numberMember(object, 'issuedAtUnixMs')
  const expiresAtUnixMs = numberMember(object, 'expiresAtUnixMs')
  if (textMember(object, 'gateway') !== gateway || target === undefined || accessToken === undefined) return undefined
  if (issuedAtUnixMs === undefined || expiresAtUnixMs === undefined) return undefined
  return {
    ...{ gateway, target, issuedAtUnixMs, expiresAtUnixMs, accessToken: new Secret(accessToken) },
    refreshToken: refreshToken === undefined ? undefined : new Secret(refreshToken),
  }
}

function codeOf(error: unknown): string {
  return String((error as { readonly code?: unknown } | null)?.code)
}

/** Puts a new file of its owner's own in the place of whatever was there, in one step. */
function replaceFile(path: string, text: string): void {
  const temporary = `${path}.${randomUUID()}`
  const file = openSync(temporary, 'wx', 0o600)
  try {
    writeSync(file, text)
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
  renameSync(temporary, path)
}

/**
 * The sign-ins of this user, one file for each gateway, below `$XDG_CONFIG_HOME/headgate`.
 *
 * The folder is 0700 and a file 0600; one that others may read is refused. A file is replaced in one step, and whoever
 * renews a sign-in holds its lock, because a refresh token may be good only once.
 */
export class SavedSignIns {
  readonly #io: CommandIo
  readonly #folder: string

  constructor(io: CommandIo) {
    const base = io.environment['XDG_CONFIG_HOME'] || join(io.environment['HOME'] || homedir(), '.config')
    this.#io = io
    this.#folder = join(base, 'headgate', 'sign-ins')
  }

  /** The file of a gateway's sign-in. */
  pathOf(gateway: string): string {
    return join(this.#folder, `${gateway.replace('://', '_').replaceAll(/[^A-Za-z0-9._-]/g, '_')}.json`)
  }

  /** Reads a sign-in; {@link FileUnreadableError} `ERR_CLI_FILE_UNREADABLE` when others may read it or it is broken. */
  read(gateway: string): SavedSignIn | undefined {
    const path = this.pathOf(gateway)
    let file: number
    try {
      file = openSync(path, modes.O_RDONLY | (modes.O_NOFOLLOW ?? 0))
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return undefined
      throw new FileUnreadableError('saved sign-in', path, codeOf(error))
    }
    try {
      if (IS_POSIX && (fstatSync(file).mode & EXPOSED_BITS) !== 0) {
        throw new FileUnreadableError('saved sign-in', path, 'others may read it: remove it and sign in again')
      }
      const signIn = signInOf(readFileSync(file, 'utf8'), gateway)
      if (signIn === undefined) throw new FileUnreadableError('saved sign-in', path, 'it is broken: sign in again')
      return signIn
    } finally {
      closeSync(file)
    }
  }

  /** Writes a sign-in in one step. */
  write(signIn: SavedSignIn): void {
    const { gateway, target, accessToken, refreshToken, issuedAtUnixMs, expiresAtUnixMs } = signIn
    const tokens = { accessToken: accessToken.reveal(), refreshToken: refreshToken?.reveal() }
    const text = JSON.stringify({ version: 1, gateway, target, issuedAtUnixMs, expiresAtUnixMs, ...tokens })
    const path = this.pathOf(gateway)
    this.#ensureFolder()
    try {
      replaceFile(path, text)
    } catch (error) {
      throw new FileUnreadableError('saved sign-in', path, codeOf(error))
    }
  }

  /** Removes a sign-in; gives whether there was one. */
  remove(gateway: string): boolean {
    const path = this.pathOf(gateway)
    try {
      rmSync(path)
      return true
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return false
      throw new FileUnreadableError('saved sign-in', path, codeOf(error))
    }
  }

  /** Runs a task that no other command of this user runs at the same time for this gateway. */
  async withLock<T>(gateway: string, task: () => Promise<T>): Promise<T> {
    const path = `${this.pathOf(gateway)}.lock`
    await this.#lock(path)
    try {
      return await task()
    } finally {
      rmSync(path, { force: true })
    }
  }

  async #lock(path: string): Promise<void> {
    this.#ensureFolder()
    for (let attempt = 0; attempt < LOCK_POLLS; attempt += 1) {
      try {
        return this.#createLock(path)
      } catch (error) {
        if (codeOf(error) !== 'EEXIST') throw new FileUnreadableError('lock', path, codeOf(error))
      }
      // A command that was killed leaves its lock behind.
      if (this.#ageMs(path) > LOCK_STALE_MS) rmSync(path, { force: true })
      await new Promise<void>((resolve) => this.#io.clock.after(LOCK_POLL_MS, resolve))
    }
    throw new SignInBusyError(path)
  }

  #ensureFolder(): void {
    try {
      mkdirSync(this.#folder, { recursive: true, mode: 0o700 })
      // One that was there before may be open to others.
      chmodSync(this.#folder, 0o700)
    } catch (error) {
      throw new FileUnreadableError('folder of sign-ins', this.#folder, codeOf(error))
    }
  }

  #createLock(path: string): void {
    const file = openSync(path, 'wx', 0o600)
    const nowSeconds = this.#io.clock.nowUnixMs() / 1_000
    futimesSync(file, nowSeconds, nowSeconds)
    closeSync(file)
  }

  #ageMs(path: string): number {
    const stat = statSync(path, { throwIfNoEntry: false })
    return stat === undefined ? 0 : this.#io.clock.nowUnixMs() - stat.mtimeMs
  }
}
