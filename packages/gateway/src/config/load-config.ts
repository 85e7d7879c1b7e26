import { readFileSync } from 'node:fs'
import type { SourceProblem } from '@headgate/policy'
import { readAudit } from './audit-section.ts'
import { readCluster } from './cluster-section.ts'
import { ConfigReader } from './config-reader.ts'
import { ConfigSource, type Environment } from './config-source.ts'
import type { GatewayConfig, PolicyConfig } from './gateway-config.ts'
import { checkIssuers, readIssuer } from './issuer-section.ts'
import { checkCertificateBound, readBundles, readTokens } from './key-sections.ts'
import { readLimits } from './limits-section.ts'
import { checkPorts, readHttp, readListener } from './listener-section.ts'
import { readMasking } from './masking-section.ts'
import { readModes } from './modes-section.ts'
import { checkSamlIssuers, readSamlIssuer } from './saml-section.ts'
import { readStore } from './store-section.ts'

/** A checked configuration, or every problem of the file in the order of its text. */
export type GatewayConfigResult =
  | { readonly ok: true; readonly config: GatewayConfig }
  | {
      readonly ok: false
      readonly problems: readonly SourceProblem[]
      /** The policy, absolute, where the file names one: its problems can be told along. */
      readonly policyPath: string | undefined
      /** What was read or looked for, as {@link GatewayConfig.files}: one of them has to change. */
      readonly files: readonly string[]
    }

/** What {@link loadGatewayConfig} reads besides the file. */
export interface LoadGatewayConfigOptions {
  /** The variables that `{ env: NAME }` reads; the process's by default. */
  readonly environment?: Environment
}

function readPolicy(root: ConfigReader): PolicyConfig {
  const file = root.text('policy')
  const reloadSeconds = root.integer('policyReloadSeconds', { min: 0, max: 3_600, fallback: 10 })
  return { path: root.source.resolvePath(file), reloadSeconds }
}

function readConfig(root: ConfigReader): GatewayConfig {
  const [clusterReader, listenerReader, httpReader] = [
    root.section('cluster'),
    root.section('listener'),
    root.section('http'),
  ]
  const issuerReaders = root.sections('issuers')
  const issuers = issuerReaders.map(readIssuer)
  const http = readHttp(httpReader)
  const samlReaders = root.sections('samlIssuers', { optional: true })
  const samlIssuers = samlReaders.map((reader) => readSamlIssuer(reader, http.publicUrl))
  const issuerNames = [...issuers, ...samlIssuers].map(({ name }) => name)
  const tokensReader = root.section('tokens')
  const config: GatewayConfig = {
    path: root.source.path,
    files: [],
    cluster: readCluster(clusterReader, issuerNames),
    listener: readListener(listenerReader),
    http,
    issuers,
    samlIssuers,
    tokens: readTokens(tokensReader, issuerNames),
    bundles: readBundles(root.section('bundles')),
    policy: readPolicy(root),
    modes: readModes(root.optionalSection('modes')),
    masking: readMasking(root.optionalSection('masking')),
    store: readStore(root.optionalSection('store')),
    audit: readAudit(root.optionalSection('audit')),
    limits: readLimits(root.optionalSection('limits')),
  }
  checkPorts(listenerReader, config.listener, httpReader, config.http)
  checkCertificateBound(tokensReader, config.tokens, [config.listener, config.http])
  checkSamlIssuers(samlReaders, samlIssuers, issuers)
  checkIssuers(issuerReaders, issuers, config.http.publicUrl)
  root.close()
  return { ...config, files: root.source.files }
}

function readText(source: ConfigSource): string | undefined {
  try {
    return readFileSync(source.path, 'utf8')
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code ?? 'unknown'
    const message = `the config cannot be read (${reason})`
    source.add({ offset: 0, code: 'ERR_GATEWAY_CONFIG_FILE_UNREADABLE', message, mend: 'name a readable file' })
    return undefined
  }
}

/**
 * Reads a gateway's YAML config and every file it names except the policy.
 *
 * Nothing is thrown for what the file holds: every problem comes back at once, each with line, column, code and mend.
 * No problem repeats a secret.
 */
export function loadGatewayConfig(path: string, options: LoadGatewayConfigOptions = {}): GatewayConfigResult {
  const source = new ConfigSource(path, options.environment ?? process.env)
  const text = readText(source)
  const map = text === undefined ? undefined : source.parse(text)
  if (map === undefined) return { ok: false, problems: source.problems, policyPath: undefined, files: source.files }
  const root = new ConfigReader(source, map)
  const config = readConfig(root)
  if (source.problems.length === 0) return { ok: true, config }
  const policyPath = root.optionalText('policy')?.value ? config.policy.path : undefined
  return { ok: false, problems: source.problems, policyPath, files: source.files }
}
