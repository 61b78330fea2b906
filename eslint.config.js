import neostandard from 'neostandard'

export default [
  ...neostandard({
    env: ['node'],
    ignores: ['build/', 'bench/results/', 'bench/.npm/', 'bench/.peer/', '**/.venv/', 'test/suites/sources/'],
    noJsx: true,
    ts: true
  }),
  {
    files: ['test/types/**'],
    rules: {
      // What is made there is only looked at by the compiler.
      'no-new': 'off',
      '@typescript-eslint/no-unused-vars': 'off'
    }
  }
]
