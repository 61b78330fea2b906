import neostandard from 'neostandard'

export default [
  ...neostandard({
    env: ['node'],
    ignores: [
      'build/', 'dist/', 'packages/', 'bench/results/', 'bench/.npm/', 'bench/.peer/', '**/.venv/',
      '**/.next*/', 'test/bundlers/bundle-*/', 'test/suites/sources/',
      // It is generated.
      'examples/typed-client/python.d.ts', 'examples/nextjs/python.d.ts',
      // ESLint does not know `await using` in JavaScript yet.
      'examples/testing-jest/greeting.test.js'
    ],
    noJsx: true,
    ts: true
  }),
  {
    rules: {
      // The width that C++ and Python have, too. A URL cannot be broken.
      '@stylistic/max-len': ['error', { code: 100, tabWidth: 2, ignoreUrls: true }]
    }
  },
  ...neostandard({ env: ['browser'], noStyle: true }).map((config) => ({
    ...config, files: ['addon/lib/dashboard/page/**']
  })),
  {
    files: ['test/types/**'],
    rules: {
      // The compiler only checks what is created there.
      'no-new': 'off',
      '@typescript-eslint/no-unused-vars': 'off'
    }
  }
]
