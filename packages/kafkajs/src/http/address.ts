import { HeadgateConfigurationError, HeadgateInsecureAddressError } from '../errors.ts'

const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[?::1\]?)$/i

/** Tells whether a host name is this machine's own. */
function isLoopback(host: string): boolean {
  return LOOPBACK.test(host)
}

/**
 * Reads the address of a server that will be given secrets.
 *
 * Only `https:` passes; `http:` passes for this machine when `insecure` was set.
 *
 * @throws HeadgateConfigurationError `ERR_KAFKAJS_CONFIGURATION` when the text is no such address
 * @throws HeadgateInsecureAddressError `ERR_KAFKAJS_INSECURE_ADDRESS` when it would be reached without TLS
 */
export function parseServerAddress(what: string, text: string, insecure: boolean): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined || !/^https?:$/.test(url.protocol) || url.username !== '' || url.password !== '') {
    throw new HeadgateConfigurationError({
      message: `${what} is not an address such as https://headgate.example:8443, without user name or password`,
    })
  }
  assertSecure(what, url.protocol === 'https:', url.hostname, insecure)
  return url
}

/**
 * Refuses a connection without TLS, unless it stays on this machine and `insecure` was set.
 *
 * @throws HeadgateInsecureAddressError `ERR_KAFKAJS_INSECURE_ADDRESS`
 */
export function assertSecure(what: string, isTls: boolean, host: string, insecure: boolean): void {
  if (isTls || (insecure && isLoopback(host))) return
  const mend = isLoopback(host)
    ? 'on this machine, for development, set headgate.insecure or HEADGATE_INSECURE=true'
    : 'give the server a certificate and use its TLS address'
  throw new HeadgateInsecureAddressError({
    message: `${what} would be reached without TLS: \`${host}\`: ${mend}`,
    details: { host },
  })
}
