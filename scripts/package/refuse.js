/** Keeps npm from packing or publishing the checkout, which would contain no native files. */

console.error('The checkout is not what is published. ' +
  'Run `npm run package`, which makes the packages in dist/')
process.exit(1)
