import { defineConfig } from 'vitest/config'

const conditions = ['@headgate/source', 'node', 'import', 'module', 'default']

export default defineConfig({
  root: new URL('..', import.meta.url).pathname,
  resolve: { conditions },
  ssr: { resolve: { conditions, externalConditions: conditions } },
  test: {
    projects: [
      { extends: true, test: { name: 'unit', include: ['packages/*/src/**/*.test.ts'], benchmark: { include: [] } } },
    ],
  },
})
