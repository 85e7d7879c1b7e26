import { execFile } from 'node:child_process'
import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { CONFIG, type CommandFolder, createCommandFolder, POLICY } from './command-line-fixture.ts'
import { describeOldNode } from './supported-node.ts'

let folder: CommandFolder

beforeEach(async () => {
  folder = createCommandFolder()
  folder.write('gateway.yaml', CONFIG)
  folder.write('policy.yaml', POLICY)
  await folder.run('keys', 'create', '--type', 'token', '--out', 'token.jwk.json')
  await folder.run('keys', 'create', '--type', 'bundle', '--out', 'bundle.jwk.json')
})
afterEach(() => folder.remove())

describe('the command line', () => {
  test.each([
    ['a command that is not known', ['serve'], 2],
    ['no command', [], 2],
    ['an option that is missing', ['gateway'], 2],
    ['an option that is not known', ['gateway', '--config', 'gateway.yaml', '--port', '1'], 2],
    ['a word that is not allowed', ['keys', 'create', '--type', 'rsa', '--out', 'x'], 2],
    ['an argument too many', ['policy', 'check', 'policy.yaml', 'other.yaml'], 2],
    ['help', ['--help'], 0],
    ['help of a command', ['keys', 'create', '--help'], 0],
  ])('%s', async (_name, args, exitCode) => {
    const outcome = await folder.run(...args)
    expect(outcome.exitCode).toBe(exitCode)
    expect(outcome.out + outcome.error).not.toBe('')
    expect(outcome.out === '').toBe(exitCode === 2)
  })

  test('for a program, what is wrong is JSON too', async () => {
    const { exitCode, out, error } = await folder.run('audit', 'verify', 'trail', '--json')
    expect({ exitCode, error }).toEqual({ exitCode: 2, error: '' })
    expect(JSON.parse(out)).toEqual({
      ok: false,
      code: 'ERR_CLI_USAGE',
      message: "required option '--key <file>' not specified",
    })
  })

  test('help says which options are needed', async () => {
    const { out } = await folder.run('keys', 'create', '--help')
    expect(out).toMatch(/--out <file> \(required\)/)
    expect(out).not.toContain('default: false')
  })

  test('the version is that of the package', async () => {
    expect(await folder.run('--version')).toEqual({ exitCode: 0, out: '1.2.3\n', error: '' })
  })
})

describe('config check', () => {
  test('a sound config and policy', async () => {
    const outcome = await folder.run('config', 'check', 'gateway.yaml')
    expect(outcome).toMatchObject({ exitCode: 0, error: '', out: expect.stringContaining('orders-prod') })
  })

  test('a wrong config: every problem with its place and its mend, exit code 2 [config-problems-at-once]', async () => {
    folder.write('gateway.yaml', CONFIG.replace('port: 0,', 'prot: 0,').replace('[ES256]', '[HS256]'))
    expect(await folder.run('config', 'check', 'gateway.yaml')).toEqual({
      exitCode: 2,
      out: '',
      error: `gateway.yaml:2:1: \`listener.port\` is missing; add \`port:\` with a whole number (ERR_GATEWAY_CONFIG_MISSING_KEY)
gateway.yaml:2:13: \`listener.prot\` is not known; did you mean \`port\`? (ERR_GATEWAY_CONFIG_UNKNOWN_KEY)
gateway.yaml:5:84: \`issuers[0].algorithms\` is none of the allowed words; write one of \`ES256\`, \`ES384\`, \`ES512\`, \`RS256\`, \`RS384\`, \`RS512\`, \`PS256\`, \`PS384\`, \`PS512\`, \`Ed25519\`, \`EdDSA\` (ERR_GATEWAY_CONFIG_NOT_ALLOWED)
3 problems
`,
    })
  })

  test('T4: a policy that leaves open which of two issuers it means, and one that names an issuer that is none', async () => {
    const other = CONFIG.replace(
      /^( *)- (\{? *name: corp.*)$/m,
      (line) => `${line}\n${line.replace('corp', 'partner').replace('idp', 'partner')}`,
    )
    folder.write('gateway.yaml', other)
    folder.write('policy.yaml', 'rules:\n  - { id: a, who: { subjects: [ledger] }, may: { produce: [b] } }\n')
    expect(await folder.run('config', 'check', 'gateway.yaml')).toEqual({
      exitCode: 2,
      out: '',
      error: `policy.yaml:2:5: subject \`ledger\` can be of \`corp\`, \`partner\`; add \`issuers: […]\` beside it (ERR_POLICY_ISSUER)
1 problem
`,
    })
    folder.write(
      'policy.yaml',
      'rules:\n  - { id: a, who: { issuers: [crop], subjects: [ledger] }, may: { produce: [b] } }\n',
    )
    const { exitCode, error } = await folder.run('config', 'check', 'gateway.yaml')
    expect([exitCode, error]).toEqual([0, expect.stringContaining('`crop` is no issuer of this gateway')])
  })

  test('a wrong policy behind a sound config [config-problems-at-once]', async () => {
    folder.write(
      'policy.yaml',
      'rules:\n  - id: a\n    wo: everyone\n    may: { produce: [b] }\n  - id: c\n    who: nobody\n',
    )
    const { exitCode, error } = await folder.run('config', 'check', 'gateway.yaml')
    expect(exitCode).toBe(2)
    const places = error.split('\n').map((line) => /^policy\.yaml:\d+:\d+: .+; .+ \(ERR_POLICY_\w+\)$/.test(line))
    expect(places.filter(Boolean).length).toBeGreaterThan(1)
  })

  test('problems of the config and of its policy are told together [config-problems-at-once]', async () => {
    folder.write('gateway.yaml', CONFIG.replace('port: 0,', 'port: 99999,'))
    folder.write('policy.yaml', 'rules: 7\n')
    const { exitCode, error } = await folder.run('config', 'check', 'gateway.yaml')
    expect(exitCode).toBe(2)
    expect(error).toMatch(/^gateway\.yaml:2:19: .*\npolicy\.yaml:1:\d+: .*\n2 problems\n$/)
  })

  test('what the policy wants and the config does not have is a warning', async () => {
    folder.write('policy.yaml', `topics: [{ match: [orders], audit: required }]\n${POLICY}`)
    const outcome = await folder.run('config', 'check', 'gateway.yaml')
    expect(outcome).toMatchObject({ exitCode: 0, out: expect.stringContaining('config is sound') })
    expect(outcome.error).toMatch(/^policy\.yaml:1:\d+: warning: .*; .* \(ERR_GATEWAY_CONFIG_AUDIT_WANTED\)\n$/)
    const { exitCode, out, error } = await folder.run('config', 'check', 'gateway.yaml', '--json')
    expect({ exitCode, error }).toEqual({ exitCode: 0, error: '' })
    const warnings = [{ path: 'policy.yaml', line: 1, code: 'ERR_GATEWAY_CONFIG_AUDIT_WANTED' }]
    expect(JSON.parse(out)).toMatchObject({ ok: true, warnings })
  })

  test('for machines', async () => {
    folder.write('gateway.yaml', CONFIG.replace('port: 0,', 'port: 99999,'))
    const { exitCode, out, error } = await folder.run('config', 'check', 'gateway.yaml', '--json')
    expect({ exitCode, error }).toEqual({ exitCode: 2, error: '' })
    expect(JSON.parse(out)).toEqual({
      ok: false,
      problems: [
        {
          path: 'gateway.yaml',
          line: 2,
          column: 19,
          code: 'ERR_GATEWAY_CONFIG_OUT_OF_RANGE',
          message: '`listener.port` is out of range',
          mend: 'write a whole number, 0 to 65535',
        },
      ],
    })
  })
})

describe('policy check', () => {
  test('a sound policy', async () => {
    const outcome = await folder.run('policy', 'check', 'policy.yaml', '--json')
    expect(outcome.exitCode).toBe(0)
    expect(JSON.parse(outcome.out)).toMatchObject({ ok: true, rules: 1, topics: 0, digest: expect.any(String) })
  })

  test('one that is not there', async () => {
    const { exitCode, error } = await folder.run('policy', 'check', 'nowhere.yaml')
    expect(exitCode).toBe(2)
    expect(error).toContain('nowhere.yaml:1:1: the policy cannot be read (ENOENT)')
  })
})

describe('audit list', () => {
  test.each([
    ['a slip in an event', ['--event', 'acces.denied'], 'did you mean `access.denied`?'],
    ['an event that there is not', ['--event', 'bogus'], 'there is no event of this name or code'],
    ['a code that there is not', ['--event', 'K9999X'], 'there is no event of this name or code'],
    ['a malformed time', ['--from', 'yesterday'], 'write date, time and zone'],
    ['a date that there is not', ['--to', '2026-13-01'], 'write date, time and zone'],
  ])('%s is not asked for', async (_name, args, message) => {
    const { exitCode, out } = await folder.run('audit', 'list', ...args, '--json')
    expect(exitCode).toBe(2)
    expect(JSON.parse(out)).toMatchObject({ code: 'ERR_CLI_USAGE', message: expect.stringContaining(message) })
  })

  test.each([['K3001W'], ['access.denied']])('an event by its name or code: %s', async (word) => {
    const { exitCode, error } = await folder.run('audit', 'list', '--event', word, '--from', '2026-11-24')
    expect({ exitCode, error }).toMatchObject({
      exitCode: 1,
      error: expect.stringContaining('ERR_CLI_GATEWAY_MISSING'),
    })
  })
})

describe('keys create', () => {
  test('prints the thumbprint and nothing else, and writes a file for its owner only', async () => {
    const { exitCode, out, error } = await folder.run('keys', 'create', '--type', 'bundle', '--out', 'new.jwk.json')
    const path = join(folder.path, 'new.jwk.json')
    expect({ exitCode, error }).toEqual({ exitCode: 0, error: '' })
    expect(JSON.parse(readFileSync(path, 'utf8'))).toMatchObject({ kty: 'OKP', crv: 'Ed25519', kid: out.trim() })
    expect(statSync(path).mode & 0o777).toBe(0o600)
  })

  test('overwrites nothing', async () => {
    const outcome = await folder.run('keys', 'create', '--type', 'token', '--out', 'token.jwk.json')
    expect(outcome).toMatchObject({ exitCode: 1, out: '' })
    expect(outcome.error).toContain('ERR_GATEWAY_KEY_FILE_EXISTS')
  })

  test('tells that there is no such folder', async () => {
    const outcome = await folder.run('keys', 'create', '--type', 'audit', '--out', 'missing/key.jwk.json')
    expect(outcome).toMatchObject({ exitCode: 1, out: '' })
    expect(outcome.error).toMatch(/cannot be created \(ENOENT\) \(ERR_GATEWAY_KEY_FILE_UNWRITABLE\)/)
  })
})

describe('keys public', () => {
  test('prints the public half of a key, and nothing of the other', async () => {
    await folder.run('keys', 'create', '--type', 'audit', '--out', 'audit.jwk.json')
    const { d, x, kid } = JSON.parse(readFileSync(join(folder.path, 'audit.jwk.json'), 'utf8'))
    const { exitCode, out } = await folder.run('keys', 'public', 'audit.jwk.json')
    expect(exitCode).toBe(0)
    expect(JSON.parse(out)).toEqual({ kty: 'OKP', crv: 'Ed25519', x, kid, alg: 'Ed25519', use: 'sig' })
    expect(out).not.toContain(d)
  })

  test('tells that a file holds no key, and quotes nothing of it', async () => {
    folder.write('no-key.json', '{"secret":"s3cr3t"}')
    const { exitCode, out, error } = await folder.run('keys', 'public', 'no-key.json')
    expect({ exitCode, out }).toEqual({ exitCode: 1, out: '' })
    expect(error).toBe(
      'headgate: key: `no-key.json` cannot be used (it holds no signing key) (ERR_CLI_FILE_UNREADABLE)\n',
    )
  })
})

describe('gateway', () => {
  test('with a wrong config starts nothing and ends with 2 [config-problems-at-once]', async () => {
    folder.write('gateway.yaml', CONFIG.replace('insecure: true }\nlistener', 'insecure: yes }\nlistener'))
    const { exitCode, out, error } = await folder.run('gateway', '--config', 'gateway.yaml')
    expect({ exitCode, out }).toEqual({ exitCode: 2, out: '' })
    expect(error).toMatch(/^gateway\.yaml:1:1: .*\ngateway\.yaml:1:\d+: .*\n2 problems: nothing was started\n$/)
  })

  test('logs what its policy wants and its config does not have', async () => {
    folder.write('policy.yaml', `topics: [{ match: [orders], audit: required }]\n${POLICY}`)
    const { error } = await folder.run('gateway', '--config', 'gateway.yaml')
    expect(error).toMatch(/"level":"warn".*"event":"policy-warning","code":"ERR_GATEWAY_CONFIG_AUDIT_WANTED"/)
  })

  test('without brokers fails with a code and ends with 1', async () => {
    const { exitCode, error } = await folder.run('gateway', '--config', 'gateway.yaml')
    expect(exitCode).toBe(1)
    expect(error).toMatch(/headgate: .* \(ERR_GATEWAY_\w+\)\n$/)
  })
})

describe('the program', () => {
  const main = new URL('./main.ts', import.meta.url).pathname
  const run = (...before: readonly string[]): Promise<{ readonly exitCode: unknown; readonly error: string }> => {
    const args = [
      '--conditions=@headgate/source',
      ...before,
      main,
      'config',
      'check',
      join(folder.path, 'nowhere.yaml'),
    ]
    return new Promise((resolve) => {
      execFile(process.execPath, args, { cwd: folder.path }, (error, _out, text) =>
        resolve({ exitCode: error?.code ?? 0, error: text }),
      )
    })
  }

  test('ends with the code of the command', { timeout: 30_000 }, async () => {
    expect(await run()).toMatchObject({ exitCode: 2 })
  })

  test('says on an older Node what it needs, in one line, and does nothing', { timeout: 30_000 }, async () => {
    const older = `Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '22.23.3' } })`
    expect(await run('--import', `data:text/javascript,${encodeURIComponent(older)}`)).toEqual({
      exitCode: 1,
      error: 'headgate: it needs Node 24 or newer, and this is 22.23.3: run it on a newer one (ERR_CLI_NODE_VERSION)\n',
    })
  })
})

test.each([
  ['18.20.8', false],
  ['22.23.3', false],
  ['24.0.0', true],
  ['26.10.0', true],
  ['100.0.0-nightly', true],
])('Node %s is one that it runs on: %s', (version, isFine) => {
  expect(describeOldNode(version) === undefined).toBe(isFine)
})
