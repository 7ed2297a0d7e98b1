package seed

import (
	"fmt"
	"math/rand/v2"
)

type letter struct{ title, summary, text string }

var letters = []letter{
	{"Letter: who is leaving pears on my step?", "A reader is puzzled, and grateful, and running out of jars.", "Since the middle of the month there has been a paper bag of pears on my front step every Saturday before it is light. There is no note. They are very good pears. I have no objection whatever to its going on, but I should like to be able to return the bags."},
	{"Letter: the queue at the post office is fine as it is", "A defence of waiting, from somebody who has had practice.", "Your report speaks of “an unacceptable eleven minutes”. I timed mine on Monday. It was fourteen, and in the course of it I was told of one engagement, two operations and a kitten. I do not know where else I am to hear these things when it has been made acceptable."},
	{"Letter: a correction concerning my grandfather", "It was not a herring.", "In your article on the storm of 1953 you write that my grandfather was found in a tree with a herring in his hat. I have asked everyone who would know. It was a mackerel. He wouldn’t have kept a herring."},
	{"Letter: on dogs, and the third step", "A warning to the owners of small dogs at low water.", "The third of the Ferry Steps has been slippery since the spring tides, and on Tuesday I saw a dachshund go down the remaining eight without at any time touching one. It was none the worse. Its owner has had to sit down twice since."},
	{"Letter: thank you to the whole of the 61", "They stopped the bus. Then they all got out.", "On Friday night I dropped my late husband’s ring on the 61, and it rolled under the heater. I told the driver that it did not matter. He turned off the engine. I want to thank the eleven people who lay down on the floor of a bus in their good clothes, and especially the young man with the long arms."},
	{"Letter: could the bandstand please be out of tune", "A plea not to mend everything.", "I read with pleasure that the bandstand is to be repaired, and only ask that nobody should touch the fourth pillar from the left, which hums when the wind is in the west. I proposed there. She took it for nerves."},
	{"Letter: what my son said of the museum", "Aged six, on his first visit, on leaving.", "We went to see the ship’s bell that belongs to no ship. My son looked at it for some time and then he asked the volunteer whether it was sad. She did not laugh. She said that it had been, she thought, but that it was having a nice time now. I’d like her to know that this was discussed all the way home."},
	{"Letter: the new bins are too clever", "A pedal, a lid, a light and a voice.", "I put a newspaper, yours, into one of the new bins on the promenade, and was thanked by it. I am eighty-four and was brought up to answer. There is now a story about me."},
	{"Letter: let the ferry whistle", "Three short blasts at seven in the morning, and why a newcomer has changed his mind.", "I moved here in June, and in July I wrote to complain about the ferry’s whistle. In August my watch broke. I should like to withdraw the letter of July."},
	{"Letter: the allotment thief has taste", "Only the yellow ones.", "For the fifth year running, somebody has been at my tomatoes, and for the fifth year only at the yellow ones. I don’t mind the loss. I merely observe that I grow the red sort for people I like less, and that this person has understood me better than my own family."},
	{"Letter: lost, one hour", "The clock was put right. Our correspondent was not told.", "For eleven years I have caught the ten o’clock bus by setting out when the Customs House clock said twenty past four. It was a good system. I was passing when it was mended, and I clapped like everyone else, and it was only on Monday that I saw what they had done."},
	{"Letter: your crossword is too easy", "Followed, for the first time, by a retraction in the same letter.", "For some weeks now your crossword has been finished in this house before the toast. I was about to suggest that the setter be asked to make an effort, when my wife reminded me that I hadn’t yet done fourteen across. I have now been at it since Wednesday. Please disregard the above."},
	{"Letter: a good word for the seaweed", "It smells, it is slimy, and it is holding up the beach.", "Visitors have asked that the beach be cleared of weed. I would ask them to dig. Beneath it there are sandhoppers, and the sandhoppers are for the turnstones; and when it has rotted the marram grass will grow in it, and that holds up the dune, and behind the dune is the car park in which they’ve left their car."},
	{"Letter: the choir at number twelve", "They practise with the windows open. Long may they.", "I am a nurse, I work nights, and I live next to a choir. People are sorry for me. I would only say that there are worse things to fall asleep to at six in the evening than eleven people who are trying to get the same four bars right, and that last Tuesday they did, and I cheered, and they heard me."},
}

// composeLetters writes the page of readers’ letters.
func composeLetters(rng *rand.Rand) []draft {
	openings := newDeck(rng, "Dear Editor,", "Sir or Madam,", "To whom it may amuse:", "Dear Harbour Press,", "Dear Mrs. Lunn,")
	names := newDeck(rng, "Arthur Penney, Mill Lane", "Josephine Okoro, Coldharbour Lane", "T. W. Sallow, Saltern Side", "Bridget Fallon, Chandlers’ Row",
		"Emeka Strong, Signal Close", "Constance Wray, Lower Town", "Harriet and Joe Lamb, The Coastguard Cottages", "Magnus Eide, aboard the Nordlys",
		"Pearl Devereux, Kittiwake Street", "Noor Rahimi, Station Road", "Gilbert Ash, Fishmarket Square")
	notes := newDeck(rng, "",
		"\n\n*The letters editor writes: we have made enquiries. Nobody knows anything, and everyone smiled.*",
		"\n\n*The letters editor writes: the council has been sent a copy, and has twenty working days.*",
		"", "\n\n*The letters editor writes: we stand corrected. We were sitting down at the time.*", "")
	var drafts []draft
	for _, l := range letters {
		drafts = append(drafts, draft{
			section: "Letters", author: 7, title: l.title, summary: l.summary,
			body: fmt.Sprintf("%s %s\n\n*%s*%s", openings.deal(), l.text, names.deal(), notes.deal()),
		})
	}
	return drafts
}
