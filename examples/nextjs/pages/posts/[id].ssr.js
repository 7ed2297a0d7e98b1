export { Post as default, loadPost as getServerSideProps } from '../../lib/posts.js'
