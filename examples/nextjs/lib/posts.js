import Link from 'next/link'
import { read } from './source.js'

// What both builds show and load. Only the names under which Next.js calls it
// differ: getStaticProps or getServerSideProps.

export async function loadPost({ params }) {
  const post = await read('posts', params.id)
  if (!post) return { notFound: true }
  if (post.movedTo) return { redirect: { destination: post.movedTo, permanent: false } }
  return { props: { id: params.id, post } }
}

export function Post({ id, post }) {
  return (
    <main>
      <h1>{post.title}</h1>
      <p>{post.body}</p>
      <p>
        {id} · <Link href="/posts">all posts</Link>
      </p>
    </main>
  )
}

export async function loadPosts() {
  return { props: { posts: (await read('posts')) ?? [] } }
}

export function Posts({ posts }) {
  return (
    <main>
      <h1>Posts</h1>
      <ul>
        {posts.map((post) => (
          <li key={post.id}>
            <Link href={`/posts/${encodeURIComponent(post.id)}`}>{post.title}</Link>
          </li>
        ))}
      </ul>
    </main>
  )
}

export function Front({ posts }) {
  return (
    <main>
      <h1>{posts.length} posts</h1>
      <p>
        The first is {posts[0]?.title}. <Link href="/posts">All posts</Link>
      </p>
    </main>
  )
}
