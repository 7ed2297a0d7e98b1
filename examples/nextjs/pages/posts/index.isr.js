export { Posts as default, loadPosts as getStaticProps } from '../../lib/posts.js'
