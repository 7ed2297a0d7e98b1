import { loadPosts } from '../lib/posts.js'

export { Front as default } from '../lib/posts.js'

export async function getStaticProps() {
  return { ...(await loadPosts()), revalidate: 1 }
}
