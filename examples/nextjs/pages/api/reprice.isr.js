// A second handler like pages/api/revalidate, for the shop: a thing is shown on
// two pages.
export default async function handler(req, res) {
  if (req.query.secret !== process.env.REVALIDATE_SECRET) return res.status(401).json({ message: 'Invalid token' })
  const thingId = req.query.id
  if (!thingId) return res.status(400).json({ message: 'Thing ID is required' })
  try {
    await Promise.all([res.revalidate(`/shop/${thingId}`), res.revalidate('/shop')])
    return res.json({ revalidated: true })
  } catch (err) {
    return res.status(500).json({ message: 'Error revalidating' })
  }
}
