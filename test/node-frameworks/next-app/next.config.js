/** @type {import('next').NextConfig} */
export default {
  compress: true,
  // Otherwise Next.js takes the lockfile of the repository for that of the application.
  turbopack: { root: new URL('..', import.meta.url).pathname }
}
