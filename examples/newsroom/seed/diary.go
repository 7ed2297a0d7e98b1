package seed

import (
	"fmt"
	"math/rand/v2"
)

type sighting struct{ title, summary, text string }

var sightings = []sighting{
	{"Tideline diary: a kingfisher on the fuel berth", "The brightest thing in the harbour sat upon the dullest, for eleven minutes.", "It came in low across the basin, a spark with somewhere to be, and pitched on the hose reel of the fuel berth. For eleven minutes it looked down into the rainbow on the water, as if it had found a relative. Kingfishers move to the coast when the rivers turn cold. They will fish from anything that overhangs."},
	{"Tideline diary: starlings at closing time", "Twenty thousand of them, and not one collision.", "They come from every side a little before dusk, in dozens and then in hundreds, and over the reed bed they turn into one animal. It leans, it pours, it folds itself in half. Each bird is watching seven others. That is known, and it explains everything except what it is like to stand underneath."},
	{"Tideline diary: the eel that crossed the road", "In the rain, at two in the morning, uphill.", "The night driver of the 61 stopped his bus for it. It was as long as an arm and went from the ditch by the station to the ditch by the marsh, through wet grass and across two lanes, without hurry. It was at the start of a journey of four thousand miles, to a sea where no one has yet seen an eel arrive."},
	{"Tideline diary: first frost on the saltings", "Sea lavender, gone to silver; and the sound of curlews, which is the sound of distance.", "Salt ground freezes late and strangely. The creeks smoke, the mud is still soft, and every stem of last summer’s sea lavender carries its own small weight of glass. A curlew got up as I came by, and said its name all the way to the sea wall."},
	{"Tideline diary: a porpoise in the ferry’s wake", "You hear it before you see it: one short breath, like a sneeze in the next room.", "There were two, a cow and a calf, rolling along in the ferry’s wake between the buoys. They do not leap. They show you a small dark triangle, and a sigh, and then they are somewhere else. The whole starboard side of the boat said *oh*, on one note."},
	{"Tideline diary: the hermit crabs are moving house", "They wait in line, in order of size, until somebody finds a bigger shell.", "On the flat below the groyne I found nine of them in a queue. The largest was trying on a whelk. When it was satisfied it stepped across, and within a few seconds each of the other eight had moved up by one. The smallest shell was left over. I looked for a tenth, and there was no tenth."},
	{"Tideline diary: what the gale brought in", "A mile of kelp, a Portuguese fish box and eleven thousand mermaids’ purses.", "The egg case of a ray is a black leather pillow with a horn at every corner. After Friday’s gale they lay along the high-water line by the thousand, and the school came and counted them, in tens, with great severity. Nearly all had hatched. One hadn’t, and was carried back to the sea by a delegation."},
	{"Tideline diary: bats in the lamp room", "The old lighthouse has been let to a hundred and thirty pipistrelles.", "They weigh what a twenty-pence piece weighs. At sunset they drop from a slot below the gallery, one by one, so that you can count them, and the warden does. Each will eat about three thousand midges before morning, for which, at this end of the marsh, nobody has thought of a suitable reward."},
	{"Tideline diary: brent geese, from Siberia", "Three thousand miles for our eelgrass, and they were punctual.", "The first skein came over Cold Ness on Tuesday at first light, in a long ragged line that talked. By noon there were four hundred out on the flats. They are small dark tidy geese. The families stay together all winter, and you can tell the young by the white bars on the wing, and by the way they are counted."},
	{"Tideline diary: sand martins in the quarry face", "Forty new front doors, dug with the feet.", "They dig their tunnels an arm’s length into the cliff, and they have been to Africa and back between one tunnel and the next. The quarry has stopped work on the south face until August. It was the foreman who rang up. He would like to know whether they mind music."},
	{"Tideline diary: a lumpsucker, and its devotion", "An ugly blue fish that will not leave.", "Under the ledge by the swimmers’ ladder a male lumpsucker is guarding eggs. He has been stuck by his belly to the same stone for five weeks. He does not eat. He fans them with his fins, and when the tide leaves him almost dry he goes on fanning. He looks like a football that someone has been unkind to, and I went past him today on tiptoe."},
	{"Tideline diary: the ivy is humming", "The last café open for the year is on the wall of St. Brannock’s.", "When all else has gone to seed the ivy opens, small green flowers that nobody buys for anyone. On the south wall of the church it was so loud with bees that a woman inside had come out to see to the organ. I counted red admirals until I ran out of fingers."},
	{"Tideline diary: otter, probably", "Five toes in the mud, a fish without a head, and a reporter in a hedge.", "I have now spent four dawns in the hedge by the second sluice. I have seen a heron, a man with a metal detector, and one thing that may have been a wave. But the prints are there each morning on the mud below the gate, five toes and a drag of tail, with an air of having waited until I left."},
	{"Tideline diary: swifts, and the day they left", "On Monday they screamed round the tower. On Tuesday it was just a tower.", "They do not gather on wires and discuss it, as swallows do. They go between one evening and the next. A young swift that dropped out from under the eaves on Kittiwake Street this week will not touch anything solid for two years, perhaps for three. It will sleep up there. I find that I look up anyway."},
	{"Tideline diary: moon jellies at slack water", "Ten thousand glass saucers, and a child who wanted to know who washes up.", "At slack water the inner basin was full of them, all opening and closing, none in time with any other. You may touch them. They are cool, and nothing happens. They have no heart, no brain and no bones, and there have been jellyfish for five hundred million years, which ought to be a comfort to somebody."},
}

// composeDiary writes the naturalist’s column.
func composeDiary(rng *rand.Rand) []draft {
	weather := newDeck(rng,
		"Wind in the north, and a sky with all its drawers pulled out.", "A morning like the inside of a shell.",
		"Low water at ten to seven; ground hard, light soft.", "Rain until nine, and then that rinsed brightness you only get on this coast.",
		"Mist on the marsh, thick enough to lean on.", "Barely a breath of wind, and each sound from the town came across the water with its edges on.",
		"Half a gale, and the sand going past at ankle height as if it were late.")
	closing := newDeck(rng,
		"If you see one, the county recorder would like to hear of it: the date, the place, and how sure you are. He prefers people who are not too sure.",
		"I walked home along the wall with my boots around my neck. There is no ecological reason for that.",
		"Next week: what lives under the Ferry Steps, if the tide permits, and if I can get up again.",
		"The best place to watch from is the bench that faces the wrong way. Turn round.",
		"A reader asks what binoculars to buy. The ones that you will carry.",
		"Please keep to the wall between the sluices. The ground on the seaward side is not ground.",
		"Seen also, in passing: two little egrets, a merlin going like a thrown knife, and a spoonbill, asleep, as ever.")
	var drafts []draft
	for _, s := range sightings {
		body := fmt.Sprintf("%s\n\n%s\n\n%s", weather.deal(), s.text, closing.deal())
		drafts = append(drafts, draft{section: "Nature", author: 4, title: s.title, summary: s.summary, body: body})
	}
	return drafts
}
