package seed

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

const harbourLogs = 15

type cargo struct{ long, short string }

// composeHarbourLogs writes the weekly column on what came in and what left.
func composeHarbourLogs(rng *rand.Rand) []draft {
	ships := newDeck(rng, "Hedda Marie", "Nordlys", "Sint Joris", "Elvira", "Baltic Thrush", "Ancora", "Wilhelmina K.", "Petrel", "Lady Orford", "Skagen Maid", "Tern of Leith", "Rosalba", "Kestrel Sound", "Good Intent", "Marguerite")
	ports := newDeck(rng, "Esbjerg", "Klaipeda", "Ghent", "Bergen", "Vigo", "Leith", "Gdynia", "Rouen", "Aveiro", "Turku", "Cork", "Harlingen")
	cargoes := newDeck(rng,
		cargo{"sawn spruce for the timber berth", "timber"}, cargo{"fourteen hundred tonnes of barley", "barley"},
		cargo{"roof slates on pallets", "slate"}, cargo{"road salt, to be under cover by nightfall", "salt"},
		cargo{"two turbine blades, each longer than the berth", "blades"}, cargo{"granite kerbs for the promenade", "granite"},
		cargo{"fishmeal, which everybody knew by breakfast", "fishmeal"}, cargo{"china clay in bulk", "clay"},
		cargo{"seed potatoes in sacks", "potatoes"}, cargo{"paper reels for three newspapers, ours among them", "newsprint"},
		cargo{"a fairground, in eleven containers", "a fairground"}, cargo{"cork and olive oil", "cork"})
	berths := newDeck(rng, "the timber berth", "Customs House quay", "the long wall", "number three", "the inner basin", "the coal staith, as we still call it")
	days := newDeck(rng, "on Monday", "on Tuesday night", "before light on Wednesday", "on Thursday", "with Friday’s last of the ebb", "on Saturday", "late on Sunday")
	weather := newDeck(rng,
		"The week began in fog and ended in a hard north-easterly. The pilots had forty minutes of easy work, by their own account, and have asked us to print that it was on Wednesday.",
		"Four days of flat calm, so that the gulls on the breakwater stood twice, once each way up. Visibility was such that the lamp on Cold Ness could be counted from the fish market.",
		"A week of showers, with one great hailstorm on Thursday that lasted for six minutes and filled the ferry’s lifejacket locker, which had been left open by somebody who is sorry.",
		"Springs came on Tuesday with the highest water of the season. It stood on the second of the Ferry Steps for the length of a cigarette, thought better of it, and went home.",
		"Winds light, seas slight, tempers variable. The barometer in the harbour office has not moved since Monday, and has been tapped by everyone who walked past it.",
		"South-westerly for most of the week, rising. On Friday night the anemometer on the signal station read fifty-one knots, and then it read nothing, and on Saturday it was found in the allotments.",
		"Bright and very cold. There was ice in the inner basin for the first time in three winters, no thicker than a saucer, and the children of Chandlers’ Row were kept off it with some difficulty.")
	incidents := newDeck(rng,
		"A lobster pot was recovered from the propeller of the *Evening Star*. Its owner has been found. The lobster is a matter for him and the skipper.",
		"The swing bridge stuck open for twenty-five minutes on Thursday. The cause was a tennis ball. The harbour master has it on his desk, and can wait.",
		"The lifeboat was called once, to a paddleboarder off the Gull Rock, who turned out to be doing it on purpose. She was given tea, and a talk.",
		"One mooring line was stolen from the long wall, and was returned the next night, better coiled. No action is proposed.",
		"The crew of four of a yacht from Brittany waited three days for a part. In that time they whitewashed the back of the chandlery, unasked, and were sent off with a pie each.",
		"A swan has taken possession of the harbour launch. The launch is out of service until the swan is.",
		"The tide gauge read eleven metres on Wednesday. It was restarted, and apologised.",
		"The weighbridge was tested on Monday and passed. So did the man from the ministry, who stood on it, and asked that the figure should not be recorded.",
		"Two anchors were raised from the fairway by divers. Neither was claimed. There is now one on each side of the harbour office door, and the door no longer opens fully.")
	var drafts []draft
	for range harbourLogs {
		in, out := cargoes.deal(), cargoes.deal()
		first, second := ships.deal(), ships.deal()
		var b strings.Builder
		fmt.Fprintf(&b, "The *%s*, from %s, came up the channel %s with %s. She lay at %s and sailed in ballast.\n\n", first, ports.deal(), days.deal(), in.long, berths.deal())
		fmt.Fprintf(&b, "The *%s* loaded at %s for %s: %s. She was to have left on the morning tide, and did so, on the morning after.\n\n", second, berths.deal(), ports.deal(), out.long)
		fmt.Fprintf(&b, "%s\n\n%s\n\n## Looked for in the coming week\n\n", weather.deal(), incidents.deal())
		for range 3 {
			fmt.Fprintf(&b, "- *%s*, from %s, at %s\n", ships.deal(), ports.deal(), berths.deal())
		}
		drafts = append(drafts, draft{
			section: "Harbour", author: 2,
			title:   fmt.Sprintf("Harbour log: %s in, %s out", in.short, out.short),
			summary: fmt.Sprintf("The *%s* and the *%s* made use of the week, and what the harbour office wrote in its book.", first, second),
			body:    b.String(),
		})
	}
	return drafts
}
