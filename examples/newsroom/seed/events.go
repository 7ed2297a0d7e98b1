package seed

import (
	"math/rand/v2"
	"time"

	"github.com/reprint-go/reprint/examples/newsroom/content"
)

type happening struct {
	kind, title, place, line, body string
	hour, minute                   int
	lasts                          time.Duration
}

const (
	hour   = time.Hour
	minute = time.Minute
)

var happenings = []happening{
	{"Music", "The Breakwater Silver Band plays them out", "The quay", "Sixteen bars and everything else they know.", "The band plays on the quay for any boat that leaves for more than a year. There is one. Bring something to wave.", 11, 0, 90 * minute},
	{"Music", "Open rehearsal in shed two", "Shed two, the slip", "Come and stand among the trombones. Boots.", "The doors are open and so is the rehearsal. At high water the floor is lower than you think. Players of any brass instrument are welcome, and those who hold the floor especially.", 19, 30, 2 * hour},
	{"Music", "Lantern Hall by candle: three sonatas", "Lantern Hall", "Viola and piano, no microphones, no interval.", "Mira Tolvanen and Ewan Strand play Clarke, Hindemith and something new. The hall seats ninety. It is lit by candles, for the sound of it, they say.", 20, 0, 75 * minute},
	{"Music", "Dockside swing at the post office", "The sorting hall", "The trio that sorts your letters.", "Double bass, clarinet and a set of scales. The counter serves punch. Dancing between the pigeonholes is at your own risk.", 21, 0, 3 * hour},
	{"Talk", "How to read the harbour lights", "The end of the Long Pier", "A walk along the wall after dark.", "Tobias Kerrigan of this paper reads out the lights, one by one, and explains the yellow one. Wrap up. It lasts as long as a flask.", 18, 30, 80 * minute},
	{"Talk", "The ship that was never built", "The museum", "What we know of the Mary Anstice.", "Jonah Reed has been to four record offices and one attic. The bell will be present, and its volunteer. Theories from the floor, two minutes each.", 19, 0, 75 * minute},
	{"Talk", "What a pilot knows by heart", "Signal station", "A hundred and twenty bends, from memory.", "Rosalind Achebe recites the channel from the sea buoy to the timber berth, with the lights down and the chart behind her, so that you can check.", 19, 30, hour},
	{"Talk", "Eelgrass for beginners", "Lifeboat house", "The meadow under the bay, and bacon.", "Mina Castellane counted the first eleven plants. She will say what it has taken to get to nineteen hectares, and what could be lost in a summer.", 18, 0, hour},
	{"Market", "Market in Fishmarket Square", "Fishmarket Square", "Forty stalls, no cars, one accordion.", "Fish from the boats, bread from Kittiwake Street, pears from Saltern side. Bring bags and coins. The brown shrimp man has no sign, and is on the left.", 9, 0, 7 * hour},
	{"Market", "Makers’ market at the Ropewalk", "The Ropewalk", "A hundred and ten metres of tables.", "Pots, prints, knives, chairs, and a man who will re-cane yours. It is a long room, so wear shoes. Tea at both ends.", 10, 0, 6 * hour},
	{"Market", "Book barrow morning", "The old signal box", "Ten go out, ten come in, hands up.", "The library changes a twentieth of its stock by public vote. There are canvassers. The book on the diseases of sheep will stand again.", 10, 30, 2 * hour},
	{"Film", "Silent film with live foghorn", "Netloft Theatre", "A comedy of 1926, and a very patient tuba.", "Sixty seats, fifty-nine of which can see. Ji-woo Park plays for the pictures, as she has seen them only once and likes it that way.", 20, 30, 95 * minute},
	{"Film", "Home movies of the harbour, 1951–1978", "Lantern Hall", "Bring names. We have faces.", "Eleven reels from attics. There is no sound, and there will be no silence: when you see someone you know, say so. A recorder will be running.", 19, 0, 100 * minute},
	{"Film", "The long take: one tide in real time", "Customs House", "Six hours, a flat bay, a chair.", "It is exactly as slow as it sounds. People come for ten minutes and stay until the water is back. Blankets are provided.", 14, 0, 6 * hour},
	{"Walk", "Dawn on the shingle", "Second sluice", "Four miles on shingle, at the pace of a naturalist.", "Meet at the second sluice with stout shoes and no dog. Wilf Trevanion stops often. Breakfast is at the lifeboat house and is not included, but nobody has ever been turned away.", 6, 0, 3 * hour},
	{"Walk", "Shop signs of Chandlers’ Row", "Foot of Chandlers’ Row", "Look up, for once.", "An hour of gilded boots, glass whales and one carved ham. We end in the shop the size of a wardrobe, four at a time.", 15, 0, hour},
	{"Walk", "Ghosts, drains and cellars", "The flood gauge", "Under the town, with a hard hat.", "Down by the brewery, up by the bank. Not for those who mind the dark, or rats, or puns. Twelve places.", 20, 0, 90 * minute},
	{"Workshop", "Set your own name in lead", "The Press cellar", "Eleven minutes a paragraph.", "Ottilie Crane shows six people at a time how to hold a composing stick. You go home with your name on a card and a new opinion of commas.", 17, 0, 2 * hour},
	{"Workshop", "Make an eye splice", "The Ropewalk", "Your hands will get it before you do.", "Hazel Dunmore teaches the one knot that is not a knot. Rope is provided. What you have spliced you may keep, if you can undo it from the bench.", 10, 0, 2 * hour},
	{"Workshop", "Draw one wave", "The breakwater", "Six pass. You get the seventh.", "Piet Asmussen gives you a board, a pencil and an instruction, which is to wait. If it is raining it takes place in the rain.", 8, 0, 90 * minute},
	{"Stage", "The Tempest", "Netloft Theatre", "The thirtieth season opens as the first one closed.", "The weather is made by two men and a sheet of tin. Seat thirty-one is behind the post and sold at half price, as the listening seat.", 19, 30, 150 * minute},
	{"Stage", "An evening of very short plays", "Netloft Theatre", "Nine plays, none longer than a kettle.", "Written in a week by people who had not met, on a subject drawn from a hat. This time: a lost hour. The bar opens between each of them, briefly.", 20, 0, 2 * hour},
	{"Stage", "The winter story, told by heart", "Lantern Hall", "One voice, one lamp, no book.", "Oda Lindqvist tells an old tale that she has told each year since 1997, and that has never come out the same. For everyone over nine.", 18, 0, 70 * minute},
}

// events makes the programme around now: some that run, some that begin and end
// within minutes so that a page can be watched as it changes, the weeks to
// come, and what is over.
func events(rng *rand.Rand, now time.Time) []*content.Event {
	all := soon(now)
	programme := newDeck(rng, happenings...)
	midnight := time.Date(now.Year(), now.Month(), now.Day(), 0, 0, 0, 0, now.Location())
	for day := -12; day <= 46; day++ {
		if day == 0 {
			continue // today belongs to soon
		}
		h := programme.deal()
		begins := midnight.AddDate(0, 0, day).Add(time.Duration(h.hour)*hour + time.Duration(h.minute)*minute)
		all = append(all, h.event(begins, begins.Add(h.lasts)))
	}
	return all
}

func (h happening) event(begins, ends time.Time) *content.Event {
	return &content.Event{
		Item:   content.Item{Topic: h.kind, Title: h.title, Summary: h.line, Body: h.body, Visible: true},
		Place:  h.place,
		Begins: begins, Ends: ends,
	}
}

// soon is what happens around the minute of seeding.
func soon(now time.Time) []*content.Event {
	minutes := func(n int) time.Time { return now.Add(time.Duration(n)*minute + 30*time.Second).Truncate(minute) }
	return []*content.Event{
		happening{kind: "Show", title: "Four thousand mornings", place: "Customs House", line: "Piet Asmussen’s seventh waves, all of them, on one wall.",
			body: "Eleven years of one wave a day, on boards the size of a postcard. From the door it is a field of greys. Go closer.\n\nThe thirty-three mornings that he missed hang as blank boards, in their places.",
		}.event(now.Add(-26*hour).Truncate(hour), now.Add(9*24*hour).Truncate(hour)),
		happening{kind: "Market", title: "Lantern makers’ market", place: "Lantern Hall", line: "Paper, wire, wick, and somebody to show you how.",
			body: "Everything you need for the lantern walk, and twelve people who have made one before. Children make theirs at the long table, where the glue is.",
		}.event(minutes(-50), minutes(130)),
		happening{kind: "Talk", title: "Lunch with the librarian", place: "The old signal box", line: "Teodora Vance defends ten books in half an hour.",
			body: "She has chosen ten and will argue for each for as long as a sandwich lasts. This page knows when the talk ends: watch it, it changes by itself.",
		}.event(minutes(-26), minutes(4)),
		happening{kind: "Music", title: "Ten minutes of Off You Go", place: "The quay", line: "Short, loud, and about to begin.",
			body: "The Silver Band tries the quay’s new echo, for ten minutes, with whoever has come.\n\nThis page is printed again at the moment that they begin, and once more when they stop, and nobody has to be there to ask for it.",
		}.event(minutes(2), minutes(12)),
		happening{kind: "Talk", title: "What the flood gauge remembers", place: "Ferry Steps", line: "Read from top to bottom, in the rain if need be.",
			body: "Maren Halloway reads the slab aloud, line by line, with the stories that go with it. Half an hour. Those who are shorter than 1953 stand in front.",
		}.event(minutes(5), minutes(35)),
		happening{kind: "Workshop", title: "Mend one thing", place: "Chandlers’ Row", line: "Bring it. Lena Markovic will have a look.",
			body: "One thing each, no bigger than a clock. If it can’t be mended you will be told the truth, and given tea.",
		}.event(minutes(10), minutes(90)),
		happening{kind: "Film", title: "Silent film with live foghorn", place: "Netloft Theatre", line: "A comedy of 1926, and a very patient tuba.",
			body: "Sixty seats, fifty-nine of which can see. Ji-woo Park plays for the pictures, as she has seen them only once and likes it that way.",
		}.event(minutes(150), minutes(240)),
	}
}
