import { randomBytes } from 'node:crypto'

/** A name and a password. */
export interface Credential {
  readonly username: string
  readonly password: string
}

/** A credential with a random password. */
export function newCredential(username: string): Credential {
  return { username, password: randomBytes(18).toString('base64url') }
}
