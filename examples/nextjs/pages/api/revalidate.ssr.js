// The same handler, with Reprint where res.revalidate was: see lib/reprint.js.
import { revalidate } from '../../lib/reprint.js'

export default async function handler(req, res) {
  if (req.query.secret !== process.env.REVALIDATE_SECRET) return res.status(401).json({ message: 'Invalid token' })
  const postId = req.query.id
  if (!postId) return res.status(400).json({ message: 'Post ID is required' })
  try {
    await revalidate(`/posts/${encodeURIComponent(postId)}`)
    return res.json({ revalidated: true })
  } catch (err) {
    return res.status(500).json({ message: 'Error revalidating' })
  }
}
