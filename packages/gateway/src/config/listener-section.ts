import { isScalar } from 'yaml'
import type { ConfigReader } from './config-reader.ts'
import type { BrokerPorts, BrokerRouting, HttpConfig, ListenerConfig } from './gateway-config.ts'
import { readServerTls } from './tls-section.ts'
import { readUrl } from './url-value.ts'

const MAX_PORT = 65_535
const MAX_BROKERS = 1_000
const MAX_BROKER_ID = 2_147_483_647
const WILDCARDS: ReadonlySet<string> = new Set(['0.0.0.0', '::'])
const DOMAIN = /^(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9-]{2,63}$/
const ID_RANGE = /^(\d{1,10})(?:-(\d{1,10}))?$/

interface IdRange {
  readonly firstId: number
  readonly lastId: number
}

function readIds(reader: ConfigReader): IdRange {
  const node = reader.node('ids')
  const text = isScalar(node) ? String(node.value) : ''
  const [, first, last = first] = ID_RANGE.exec(text) ?? []
  const range = { firstId: Number(first ?? 0), lastId: Number(last ?? 0) }
  const count = range.lastId - range.firstId + 1
  if (node === undefined) reader.require('ids', 'the broker ids, as in `0-2`')
  else if (first === undefined || count < 1 || count > MAX_BROKERS || range.lastId > MAX_BROKER_ID) {
    const mend = `write one id, or the first and the last as in \`0-2\`; at most ${MAX_BROKERS}`
    reader.add(
      'ERR_GATEWAY_CONFIG_OUT_OF_RANGE',
      `\`${reader.nameOf('ids')}\` is no range of broker ids`,
      mend,
      reader.offsetOf('ids'),
    )
  }
  return range
}

function readBrokerPorts(reader: ConfigReader): BrokerPorts {
  const firstPort = reader.integer('firstPort', { min: 1, max: MAX_PORT })
  const { firstId, lastId } = readIds(reader)
  if (firstPort + lastId - firstId > MAX_PORT) {
    const mend = `start at ${MAX_PORT - (lastId - firstId)} or below`
    reader.add('ERR_GATEWAY_CONFIG_OUT_OF_RANGE', 'the last broker has no port', mend, reader.offsetOf('firstPort'))
  }
  reader.close()
  return { firstPort, firstId, lastId }
}

function readBrokers(reader: ConfigReader): BrokerRouting {
  const domain = reader.optionalText('domain')
  if (domain === undefined) return readBrokerPorts(reader)
  if (!DOMAIN.test(domain.value)) {
    const mend = 'write a DNS domain in lower case, as in `kafka.example`'
    const at = reader.offsetOf('domain')
    reader.add('ERR_GATEWAY_CONFIG_OUT_OF_RANGE', `\`${reader.nameOf('domain')}\` is no domain`, mend, at)
  }
  reader.close()
  return { domain: domain.value }
}

function readAdvertisedHost(reader: ConfigReader, host: string): string {
  const advertised = reader.text('advertisedHost', host)
  if (!WILDCARDS.has(advertised)) return advertised
  const mend = 'add `advertisedHost:` with the name that clients reach the gateway by'
  reader.add(
    'ERR_GATEWAY_CONFIG_MISSING_KEY',
    `\`${reader.nameOf('advertisedHost')}\` is missing`,
    mend,
    reader.offsetOf('host'),
  )
  return advertised
}

/** Reads `listener:`. */
export function readListener(reader: ConfigReader): ListenerConfig {
  const host = reader.text('host', '127.0.0.1')
  const listener: ListenerConfig = {
    host,
    advertisedHost: readAdvertisedHost(reader, host),
    port: reader.integer('port', { min: 0, max: MAX_PORT }),
    brokers: readBrokers(reader.section('brokers')),
    tls: readServerTls(reader),
    ...(reader.flag('passThrough') ? { passThrough: true } : {}),
  }
  if ('domain' in listener.brokers && listener.tls === undefined) {
    const mend = 'give the listener `tls:`, or the brokers ports: `brokers: { firstPort: 9100, ids: 0-2 }`'
    const at = reader.offsetOf('brokers')
    reader.add('ERR_GATEWAY_CONFIG_INSECURE', 'brokers told apart by name need TLS', mend, at)
  }
  reader.close()
  return listener
}

/** Says when clients would be sent past the TLS that there is. TLS that ends before the gateway is no contradiction. */
function checkScheme(reader: ConfigReader, publicUrl: string): void {
  if (URL.parse(publicUrl)?.protocol !== 'http:' || !reader.has('tls')) return
  const message = `\`${reader.nameOf('publicUrl')}\` contradicts \`tls\``
  reader.add('ERR_GATEWAY_CONFIG_CONFLICT', message, 'write an https URL', reader.offsetOf('publicUrl'))
}

/** Reads `http:`. */
export function readHttp(reader: ConfigReader): HttpConfig {
  // Beside `tls` the scheme is a contradiction, whatever machine it leads to.
  const isPlaintextAllowed = reader.flag('insecure') || reader.has('tls')
  const http: HttpConfig = {
    host: reader.text('host', '127.0.0.1'),
    port: reader.integer('port', { min: 0, max: MAX_PORT }),
    publicUrl: readUrl(reader, 'publicUrl', { isPlaintextAllowed, isOrigin: true }),
    tls: readServerTls(reader),
  }
  checkScheme(reader, http.publicUrl)
  reader.close()
  return http
}

/** Gives the port that stands for a broker, or `undefined` for an id outside the declared range. */
export function brokerPort(brokers: BrokerPorts, brokerId: number): number | undefined {
  const isDeclared = brokerId >= brokers.firstId && brokerId <= brokers.lastId
  return isDeclared ? brokers.firstPort + brokerId - brokers.firstId : undefined
}

function isPortOfBroker(brokers: BrokerRouting, port: number): boolean {
  if ('domain' in brokers) return false
  const { firstPort, firstId, lastId } = brokers
  return firstPort > 0 && port >= firstPort && port <= firstPort + lastId - firstId
}

/** Says where two listeners would take the same port. Hosts are not told apart: ports are plenty. */
export function checkPorts(
  listenerReader: ConfigReader,
  listener: ListenerConfig,
  httpReader: ConfigReader,
  http: HttpConfig,
): void {
  const mend = 'choose another port'
  if (isPortOfBroker(listener.brokers, listener.port)) {
    const at = listenerReader.offsetOf('port')
    listenerReader.add(
      'ERR_GATEWAY_CONFIG_PORT_OVERLAP',
      '`listener.port` is one of the ports of the brokers',
      mend,
      at,
    )
  }
  if (isPortOfBroker(listener.brokers, http.port)) {
    httpReader.add(
      'ERR_GATEWAY_CONFIG_PORT_OVERLAP',
      '`http.port` is one of the ports of the brokers',
      mend,
      httpReader.offsetOf('port'),
    )
  }
  if (http.port !== 0 && http.port === listener.port) {
    httpReader.add(
      'ERR_GATEWAY_CONFIG_PORT_OVERLAP',
      '`http.port` is also `listener.port`',
      mend,
      httpReader.offsetOf('port'),
    )
  }
}
