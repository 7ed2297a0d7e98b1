package seed

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

type matter struct{ title, summary, motion, outcome string }

var matters = []matter{
	{"Council votes to keep the night buses", "The 61 will go on climbing the hill after midnight, by eleven votes to six.", "The motion was to end the 61 at half past ten. It carries nine passengers on an average night, and the council had a table to show what each of them costs. Then one of the nine got up in the public seats, in her hospital uniform, and said what she costs.", "The service was kept by eleven votes to six, and will be looked at again when there is a table of what it is for."},
	{"A skate park, if the skaters build the wall", "Lower Town’s teenagers are lent a yard, a surveyor and four pallets of block.", "The old coal yard behind the Ropewalk has been empty since 2009. A petition from the upper school, with drawings to scale, asked for it for three years.", "The council granted two, lent its surveyor, and asked for a wall on the windward side, which the petitioners have agreed to lay themselves."},
	{"The fish market roof is to be green", "Turf, not tin: the cheaper quotation was also the quieter one.", "Three firms had been asked to price a new roof. Two quoted for steel. The third drew grass, and a note that rain upon it makes no noise, which those who auction underneath it thought worth having in writing.", "Turf was approved, with a rail, and with the condition that nobody is to graze anything on it."},
	{"Public tap on the quay will stay public", "An offer to put a sponsor’s name on the water is declined with thanks.", "A proposal to refit the tap by the flood gauge in return for a small brass plate came up for its second reading. It was a good offer, the clerk said, and the plate was tasteful.", "It was declined. Members voted to pay for the washer themselves, by a collection that took less time than the debate."},
	{"Allotment rents frozen, waiting list thawed", "Twelve new plots on the railway bank, and an end to the rule about sheds.", "The list for an allotment stands at seventy-one names, the oldest of which was put down by a mother for a child who is now in the navy.", "Twelve plots will be cleared on the railway bank by spring. The limit on the height of sheds is repealed, as no one could remember what had been feared."},
	{"Lantern Hall to open on Mondays", "A warm room, a piano and no programme at all.", "The hall has been shut on Mondays since the caretaker’s retirement. The motion asked that it be open from ten to six with the heating on and nothing arranged.", "Carried without a vote. The clerk is to buy cups."},
	{"Cars leave Fishmarket Square on Saturdays", "A trial of six months, and a row of bollards that two people can lift.", "The shops on the square were asked three times. The first time most were against it, the second time most were for it, and the third time it was raining.", "Saturdays will be free of cars from nine until four for half a year. Deliveries before nine, weddings at any time."},
	{"The cliff path is moved eleven metres inland", "And a field gives up a strip that it would have lost in any case.", "The path from the coastguard cottages to Cold Ness has lost a yard a year. The surveyor showed two photographs, taken from the same post, in the second of which there is no post.", "A new line was agreed with the farmer, who asked for a hedge, and for the gate to be one that closes by itself."},
	{"School meals to be cooked in the town", "The contract goes to a kitchen four hundred metres from the nearest pupil.", "For nine years lunches have come by van from the city, in trays. A panel of pupils was asked to taste three tenders without being told which was which, and to write down one word about each.", "The tender of the boatyard canteen was accepted. Its word was *again*."},
	{"A night without street lamps, for the stars", "On the first clear Friday of the month the promenade will be dark from nine.", "The astronomers asked for one hour in the year. Members, having been shown the Milky Way on a slide, asked whether the real one was better.", "There will be one dark evening a month until spring. The harbour lights remain lit, as the sea has not been consulted."},
	{"The bandstand is to be mended, not moved", "Its ironwork will be cast again from moulds that were found under a stage.", "Moving it to the park would have been cheaper by a third. Then the moulds of 1887 were found beneath the stage of the Netloft, labelled, and greased, and wrapped in a newspaper, which we are pleased to say was this one.", "Repair was voted for, fifteen to two, and both of the two have been invited to hold the ladder."},
	{"Swimmers get their steps", "Nineteen steps, one handrail and a clock at the end of the Long Pier.", "The club has gone in from a ladder since 1922. The ladder has been condemned four times, by four engineers, one of whom has since joined.", "Stone steps will be built in the lee of the pier. The clock was an amendment, as those who swim in winter lose count, and it carried by one vote."},
	{"Budget: the gulls cost more than the mayor", "Lids, nets and a hawk on two days a week. We read the accounts so that you don’t have to.", "On page forty of the estimates there is a line for gull-proof bins that is larger than the line for civic hospitality. Several members asked whether it was possible to combine them.", "The budget passed after four hours. The hawk has been extended by a year."},
	{"Merrow will answer its letters", "Twenty working days, by a person, with a name.", "A member read out the reply that she had had from her own council when she asked about a drain. It thanked her for her interest in drains.", "From next month each letter will be answered within twenty working days and signed. The vote was unanimous, and the clerk was seen to write down a number."},
	{"The ferry fare stays at two pounds", "For the fourth year, and for a reason that is eight inches long.", "The company asked for two pounds thirty. It was pointed out that the slot in the honesty box on the Saltern side takes a two-pound coin and nothing else, and that the box is listed.", "The fare stays. A study will be made of the slot."},
}

// composeCouncil writes the reports from the council chamber.
func composeCouncil(rng *rand.Rand) []draft {
	quotes := newDeck(rng,
		"“We have talked about it for longer than it would take to do it,” said Councillor Imogen Strand.",
		"“I am for it, and I am against the way it is written,” said Councillor Abel Thornley, who was given a pencil.",
		"“My ward has one question,” said Councillor Priya Nair, “and it is not about the money. It is when.”",
		"“I’ve been on this council for twenty-two years and was about to vote no from habit,” said Councillor Hugh Penrose. “I would like it minuted that I listened.”",
		"“If we’re wrong we will be wrong out of doors, where everyone can see,” said Councillor Delia Frost.",
		"“It will be said that this is a small thing,” said Councillor Marcus Eddy. “I have looked, and small things are what we are for.”",
		"“I should declare an interest,” said Councillor Joan Attwater. “I am very interested.”",
		"“The officers’ paper is excellent, and I have read it twice, and I still don’t know which side it is on,” said Councillor Samir Haddad.")
	also := newDeck(rng,
		"Dog waste: four more bins, none of them near the bandstand.", "The twinning visit is put off until the ferry is back in paint.",
		"A licence for the winter fair, with music until ten.", "Thanks to the volunteers who cleared the culvert on Mill Lane.",
		"The lease of kiosk number two goes to a mender of bicycles.", "Refused: a sign to point out the view.",
		"Street names: the new close behind the station will be called Signal Close.", "Grit bins to be filled by the first of the month.",
		"A grant of £600 to the Tuesday lunch club.", "The war memorial’s railings will be painted the old green.",
		"Agreed: benches on the promenade to have arms, so that people can get up from them.", "The museum may open late on the night of the lantern walk.",
		"Noted: a complaint about bells. Also noted: a complaint about the complaint.", "The wheelchair ramp at the Ferry Steps will be widened to two metres.")
	var drafts []draft
	for _, m := range matters {
		body := fmt.Sprintf("%s\n\n%s %s\n\n## Also decided\n\n- %s\n- %s\n- %s\n\nThe council meets in public at Lantern Hall on the second Tuesday of each month, at seven. There are seats for sixty and there is, we are asked to say, a kettle.",
			m.motion, quotes.deal(), m.outcome, also.deal(), also.deal(), also.deal())
		drafts = append(drafts, draft{section: "Town", author: 6, title: m.title, summary: m.summary, body: strings.TrimSpace(body)})
	}
	return drafts
}
