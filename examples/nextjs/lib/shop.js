import Link from 'next/link'
import { notFound } from 'next/navigation'
import { read } from './source.js'

// What both builds show of the shop, in the App Router: there the builds differ
// in one line, the `dynamic` of the page.

export async function Thing({ params }) {
  const { id } = await params
  const thing = await read('shop', decodeURIComponent(id))
  if (!thing) notFound()
  return (
    <main>
      <title>{thing.title}</title>
      <h1>{thing.title}</h1>
      <p id="price">{thing.price} crowns</p>
      <p>
        <Link href="/shop">all things</Link>
      </p>
    </main>
  )
}

export async function Shop() {
  const things = (await read('shop')) ?? []
  return (
    <main>
      <title>Shop</title>
      <h1>Shop</h1>
      <ul>
        {things.map((thing) => (
          <li key={thing.id}>
            <Link href={`/shop/${encodeURIComponent(thing.id)}`}>{thing.title}</Link>
          </li>
        ))}
      </ul>
    </main>
  )
}
