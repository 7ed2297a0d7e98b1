const source = process.env.SOURCE_URL ?? 'http://127.0.0.1:4000'

// read returns a record of the data source, or undefined when it has none. It
// throws when the source cannot answer: then there is no page to be rendered.
export async function read(...path) {
  const url = source + '/' + path.map(encodeURIComponent).join('/')
  const res = await fetch(url, { cache: 'no-store' })
  if (res.status === 404) return undefined
  if (!res.ok) throw new Error(`${url} answered ${res.status}`)
  return res.json()
}
