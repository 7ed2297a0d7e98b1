export { Post as default, loadPost as getStaticProps } from '../../lib/posts.js'

export const getStaticPaths = () => ({ paths: [], fallback: 'blocking' })
