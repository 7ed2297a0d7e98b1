const reprint = process.env.REPRINT_URL ?? 'http://127.0.0.1:8081'

// revalidate makes Reprint render pages again. When it returns, every visitor
// gets the new ones; it throws when one could not be rendered.
export async function revalidate(...paths) {
  const res = await fetch(`${reprint}/v1/revalidate`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${process.env.REPRINT_TOKEN}`, 'Content-Type': 'application/json' },
    body: JSON.stringify({ paths }),
    cache: 'no-store',
  })
  if (!res.ok) throw new Error(`Reprint answered ${res.status}: ${await res.text()}`)
}
