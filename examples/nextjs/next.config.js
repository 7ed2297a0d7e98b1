// Two builds of one site. BUILD=ssr, the default, renders each request and
// leaves keeping pages to Reprint; BUILD=isr keeps them in Next.js itself, for
// comparison. A file that ends in .ssr.js or .isr.js is in that build alone, a
// page that ends in .page.js is in both.
const build = process.env.BUILD ?? 'ssr'
if (build !== 'ssr' && build !== 'isr') throw new Error(`BUILD is ${build}: write ssr or isr`)

export default {
  distDir: `.next-${build}`,
  pageExtensions: [`${build}.js`, 'page.js'],
  turbopack: { root: import.meta.dirname },
}
