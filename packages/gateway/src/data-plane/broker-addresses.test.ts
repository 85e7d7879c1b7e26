import { silentLog } from '@headgate/core'
import { expect, test } from 'vitest'
import type { BrokerRouting } from '../config/gateway-config.ts'
import { BrokerAddresses } from './broker-addresses.ts'

function addresses(brokers: BrokerRouting, log = silentLog): BrokerAddresses {
  return new BrokerAddresses(
    { host: '0.0.0.0', advertisedHost: 'kafka.example', port: 9092, brokers, tls: undefined },
    log,
  )
}

test('the port of a broker is a function of the configuration alone', () => {
  const ports = addresses({ firstPort: 9100, firstId: 1, lastId: 3 })

  expect([0, 1, 3, 4, -1].map((id) => ports.addressOf(id))).toEqual([
    undefined,
    { host: 'kafka.example', port: 9100 },
    { host: 'kafka.example', port: 9102 },
    undefined,
    undefined,
  ])
  expect(ports.brokersWithPorts).toHaveLength(3)
})

test('an undeclared broker raises an alarm, once', () => {
  const alarms: unknown[] = []
  const ports = addresses(
    { firstPort: 9100, firstId: 1, lastId: 3 },
    { ...silentLog, error: (fields) => alarms.push(fields) },
  )

  ports.addressOf(7)
  ports.addressOf(7)

  expect(alarms).toEqual([{ event: 'undeclared-broker', brokerId: 7 }])
})

test('brokers told apart by name share the bootstrap port, and only their names and the bootstrap name are known', () => {
  const names = addresses({ domain: 'brokers.example' })

  expect(names.addressOf(4711)).toEqual({ host: 'broker-4711.brokers.example', port: 9092 })
  expect(names.brokerOfName('kafka.example')).toBeNull()
  expect(names.brokerOfName('broker-4711.brokers.example')).toBe(4711)
  for (const name of [
    'broker-01.brokers.example',
    'broker-1.example',
    'xbroker-1.brokers.example',
    'broker-1.brokers.example.evil',
    'broker-1xbrokers.example',
    '',
    false,
    null,
    undefined,
  ] as const) {
    expect(names.brokerOfName(name)).toBeUndefined()
  }
})
