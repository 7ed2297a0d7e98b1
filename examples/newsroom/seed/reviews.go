package seed

import (
	"fmt"
	"math/rand/v2"
)

// book is invented, like its author. The shop sells all of them.
type book struct {
	title, author string
	about         string // one paragraph of the review
	line          string // what the shop says of it
}

var books = []book{
	{"The Weather Clerk", "Agnes Tolland", "For thirty-one years a woman in an island post office writes down the weather every three hours and telephones it to a man she has never met. The novel is made of their calls. They are four lines long, and for the first hundred pages they really are about the weather.", "A love story in barometer readings."},
	{"A Short History of Rope", "Lucan Ferris", "You would not think that it could be done in two hundred pages, or that you would read it standing up in the kitchen. Ferris begins with a scrap of twisted fibre from a cave, and ends at the bottom of the Atlantic, and in between there’s hardly a human wish that hasn’t at some time hung by a thread.", "What has held us together, for forty thousand years."},
	{"Salt Sisters", "Nomvula Dale", "Two sisters inherit a boat, and are both sick in it. Dale is very funny about work, about money, and about what it is to be good at a thing which you cannot stand. There’s a chapter in a fog that I have now read aloud to three people.", "One boat, two sisters, no sea legs."},
	{"The Lamp at Cold Ness", "R. J. Marchbanks", "A murder in a lighthouse has four suspects and one staircase. It has been done before. It hasn’t been done by someone who kept a light himself for nine winters, and who knows how long it takes to walk down two hundred steps in the dark when you are trying not to be heard.", "A murder, a staircase, and two hundred steps."},
	{"Notes from a Low Country", "Hanneke Vries", "Vries walked the whole of the coast at the line to which the sea will have risen by the time her daughter is her age. It goes through kitchens. She knocks, and asks to be shown the wall, and people make her tea. I know of no book about the future that has so much cake in it, or that is so hard to get out of your head.", "Walking tomorrow’s shoreline, through today’s kitchens."},
	{"Mrs. Pell Keeps the Ferry", "Dorothea Quill", "First published in 1934 and out of print since 1936, for reasons that the introduction goes into with relish. Mrs. Pell is sixty, widowed, and rude, and she has just been left a river crossing. A masterpiece of bad temper.", "A rediscovered comedy of 1934."},
	{"Small Engines", "Tom Abiodun", "Nineteen stories, each about something that won’t start. A lawnmower, a hearse, a marriage. Abiodun was a fitter in the shipyard, and never uses a word when a spanner will do. The title story is eleven pages long, and I went out and sat in the car.", "Nineteen stories about things that won’t start."},
	{"The Bird Observatory at the End of the War", "Elin Sandvik", "In May 1945 four men who were prisoners on an island are asked to leave, and one of them says that he cannot, as the phalaropes are about to arrive. A novel that asks what it is permitted to look at while other things are going on.", "Four prisoners, one island, and the phalaropes."},
	{"Handwriting", "Celia Oduya", "Poems, most of them to people who will not answer: a dead uncle, a customs officer, the inventor of the biro. They are plain as plates. On the third reading you see that there has been something on them all along.", "Poems to people who will not answer."},
	{"How to Draw a Wave", "Piet Asmussen", "Not a manual, although there’s an exercise at the end of every chapter, and I have done them all, badly, and have not looked at water in the same way since. He recommends that you begin by waiting.", "Begin by waiting."},
	{"The Understudy’s Winter", "Ottokar Byrne", "A company on tour is snowed in at a seaside theatre with an audience that cannot go home either. They run out of plays on the second night. Byrne has done what all writers about the theatre attempt, and made you want to have been there.", "Snowed in, with an audience."},
	{"Tide Tables for Beginners", "Miriam Castell", "She is thirty-eight, she has been left, she takes a room above a chandlery and a job for which she has no qualifications. We have all read it. We haven’t read it by someone with so exact an ear for how strangers are kind.", "A room above a chandlery, and a fresh start."},
	{"Under the Ice, Singing", "Kalle Rautio", "For forty years a Finnish engineer recorded the sounds that lake ice makes, and then he wrote to whales. It is not clear who was more surprised. The record that comes with it should be played in the dark.", "A memoir of listening, with a record."},
	{"The Cartographer’s Apology", "Ines Barraclough", "In 1790 a mapmaker puts a small island where there isn’t one, out of vanity, and names it for his daughter. Then somebody sails to it. Barraclough’s sentences go straight for the horizon, and don’t come back until they have got something.", "He drew an island. Someone sailed to it."},
}

// composeReviews writes the book page.
func composeReviews(rng *rand.Rand) []draft {
	openings := newDeck(rng,
		"I took it on the ferry, and I missed my stop, for which you have to be trying.",
		"This is the rule of the page: one book, one evening, and no looking at what the others said.",
		"It came with a note from the bookseller. The note said, *Clear Thursday.*",
		"The library’s only copy had nine names against it, so I bought one, and have lent it twice.",
		"I had meant to read the first chapter before supper. There was no supper.")
	verdicts := newDeck(rng,
		"Would I lend it? Yes. Would I expect it back? I have written my name in it.",
		"It is a little too long in the middle, as most good things are. Read it anyway.",
		"Buy it for somebody whose silence you would like to understand.",
		"Not every page is as good as the last one. But the last one is as good as any I have read this year.",
		"For those who like their endings tied up, be warned. For everybody else: the string is the best part.")
	titles := newDeck(rng, "One book, one evening: %s", "Read this week: %s", "The book page: %s")
	var drafts []draft
	for _, b := range books {
		drafts = append(drafts, draft{
			section: "Culture", author: 9,
			title:   fmt.Sprintf(titles.deal(), b.title),
			summary: fmt.Sprintf("%s, reviewed by Nell Ashdown before the lamp was put out.", b.author),
			body:    fmt.Sprintf("%s\n\n%s\n\n%s\n\n*%s by %s is on our shelf, and in the library, if you are quick.*", openings.deal(), b.about, verdicts.deal(), b.title, b.author),
		})
	}
	return drafts
}
