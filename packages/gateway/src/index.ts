export { loadGatewayConfig } from './config/load-config.ts'
export type { GatewayConfig } from './config/gateway-config.ts'
export { createGateway, type Gateway, type GatewayAddresses, type GatewayOptions } from './gateway.ts'
