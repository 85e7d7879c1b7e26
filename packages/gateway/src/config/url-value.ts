import type { ConfigReader, Located } from './config-reader.ts'

const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/

/** Tells whether a URL's host is this machine by name or number. */
export function isLoopbackHost(hostname: string): boolean {
  return LOOPBACK.test(hostname)
}

/** What a URL must be. */
export interface UrlOptions {
  /** Plaintext may leave the machine. */
  readonly isPlaintextAllowed: boolean
  /** Nothing but scheme, host and port. */
  readonly isOrigin?: boolean
}

function shapeProblem(url: URL, isOrigin: boolean): string | undefined {
  if (url.protocol !== 'https:' && url.protocol !== 'http:') return 'write an https URL'
  if (url.username !== '' || url.password !== '') return 'leave user and password out'
  if (url.search !== '' || url.hash !== '') return 'leave query and fragment out'
  return isOrigin && url.pathname !== '/' ? 'leave the path out' : undefined
}

function check(reader: ConfigReader, key: string, text: Located<string>, options: UrlOptions): void {
  const name = reader.nameOf(key)
  const url = URL.parse(text.value)
  const mend = url === null ? 'write an https URL' : shapeProblem(url, options.isOrigin ?? false)
  if (url === null || mend !== undefined) {
    reader.add(
      'ERR_GATEWAY_CONFIG_URL_INVALID',
      `\`${name}\` cannot be used`,
      mend ?? 'write an https URL',
      text.offset,
    )
  } else if (options.isOrigin && text.value !== url.origin) {
    reader.add(
      'ERR_GATEWAY_CONFIG_URL_INVALID',
      `\`${name}\` has another written form`,
      `write \`${url.origin}\``,
      text.offset,
    )
  } else if (url.protocol === 'http:' && !options.isPlaintextAllowed && !isLoopbackHost(url.hostname)) {
    const mendPlaintext = 'use https, or say `insecure: true` beside it'
    reader.add('ERR_GATEWAY_CONFIG_INSECURE', `\`${name}\` is plaintext to another machine`, mendPlaintext, text.offset)
  }
}

/** Reads an https URL; http only on loopback or where plaintext is allowed. The text is kept as written. */
export function readOptionalUrl(reader: ConfigReader, key: string, options: UrlOptions): string | undefined {
  const text = reader.optionalText(key)
  if (text === undefined || text.value === '') return undefined
  check(reader, key, text, options)
  return text.value
}

/** Like {@link readOptionalUrl}, and the key must be there. */
export function readUrl(reader: ConfigReader, key: string, options: UrlOptions): string {
  return readOptionalUrl(reader, key, options) ?? reader.text(key)
}
