// A page of one visitor: it shows a cookie, and nobody may keep it.
export const getServerSideProps = ({ req }) => ({ props: { visitor: req.cookies.visitor ?? 'stranger' } })

export default function Account({ visitor }) {
  return (
    <main>
      <h1>Hello, {visitor}</h1>
    </main>
  )
}
