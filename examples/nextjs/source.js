// The data of the site: a small HTTP server that keeps JSON in memory.
//
//   GET, PUT, DELETE /posts/42   one record; PUT takes JSON
//   GET /posts                   the records that begin so
//   PUT /settings                {"failing": true}: every GET is answered with 500;
//                                {"delay": 25}: every GET takes so many milliseconds;
//                                {"hold": true}: every GET has read its record, but is
//                                answered only after {"hold": false}
//   GET /settings                these, and held: how many wait for that
import { createServer } from 'node:http'
import { setTimeout } from 'node:timers/promises'

const records = new Map()
for (const id of ['1', '2', '42']) {
  records.set(`/posts/${id}`, { title: `Post ${id}`, body: `The text of post ${id}.` })
}
for (const id of ['1', '2', '3']) {
  records.set(`/shop/${id}`, { title: `Thing ${id}`, price: 10 * Number(id) })
}

const settings = { failing: false, delay: 0, hold: false }
let held = []

const server = createServer(async (req, res) => {
  const answer = (status, value) => {
    res.writeHead(status, { 'Content-Type': 'application/json' })
    res.end(JSON.stringify(value))
  }
  const path = req.url.split('/').map(decodeURIComponent).map(encodeURIComponent).join('/')
  if (path === '/settings') {
    if (req.method === 'PUT') Object.assign(settings, await json(req))
    if (!settings.hold) {
      for (const release of held) release()
      held = []
    }
    return answer(200, { ...settings, held: held.length })
  }
  switch (req.method) {
    case 'PUT':
      records.set(path, await json(req))
      return answer(200, records.get(path))
    case 'DELETE':
      records.delete(path)
      return answer(200, null)
  }
  const [status, value] = read(path)
  if (settings.hold) await new Promise((release) => held.push(release))
  if (settings.delay) await setTimeout(settings.delay)
  answer(status, value)
})

function read(path) {
  if (settings.failing) return [500, { message: 'The database is on fire' }]
  if (records.has(path)) return [200, records.get(path)]
  const below = [...records].filter(([key]) => key.startsWith(path + '/'))
  if (below.length === 0) return [404, { message: `There is no ${path}` }]
  return [200, below.map(([key, record]) => ({ id: decodeURIComponent(key.slice(path.length + 1)), ...record }))]
}

async function json(req) {
  let text = ''
  for await (const part of req) text += part
  return JSON.parse(text)
}

server.listen(Number(process.env.SOURCE_PORT ?? 4000), '127.0.0.1', () => {
  console.log(`the data is at http://127.0.0.1:${server.address().port}`)
})
