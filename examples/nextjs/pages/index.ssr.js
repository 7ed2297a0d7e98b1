export { Front as default, loadPosts as getServerSideProps } from '../lib/posts.js'
