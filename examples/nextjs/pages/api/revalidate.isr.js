// The handler of Next.js itself.
export default async function handler(req, res) {
  if (req.query.secret !== process.env.REVALIDATE_SECRET) return res.status(401).json({ message: 'Invalid token' })
  const postId = req.query.id
  if (!postId) return res.status(400).json({ message: 'Post ID is required' })
  try {
    await res.revalidate(`/posts/${postId}`)
    return res.json({ revalidated: true })
  } catch (err) {
    return res.status(500).json({ message: 'Error revalidating' })
  }
}
