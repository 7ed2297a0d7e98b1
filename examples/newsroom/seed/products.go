package seed

import (
	"fmt"
	"math/rand/v2"

	"github.com/reprint-go/reprint/examples/newsroom/content"
)

type ware struct {
	name, line string
	price      content.Pence
}

// shelf is a group of products that are described alike.
type shelf struct {
	name    string
	wares   []ware
	details []string // how the things of the shelf are made, one each
}

var shelves = []shelf{
	{"Prints", []ware{
		{"Gull Rock, Evening", "Two-colour linocut of the rock with the light just on.", 4800},
		{"The Long Pier", "A panorama as wide as your arms, in one continuous line.", 6500},
		{"Off You Go", "The Silver Band, seen from the boat that is leaving.", 4200},
		{"Nine Herring", "Nine of them, and each with its own expression.", 3600},
		{"High Water, 1978", "Wood engraving after the line on the flood gauge.", 5400},
		{"The Ferry Waits", "A morning, a tray of rolls, a rope made fast.", 3800},
		{"Kittiwake Street by Bulb Light", "Screenprint in five blues and a yellow.", 7200},
		{"Seventh Wave No. 2,114", "Giclée of a small board by Piet Asmussen.", 9500},
		{"Terns, Diving", "White on white, so that you find them slowly.", 4400},
		{"The Ropewalk in Perspective", "Three hundred and eighty metres in forty centimetres.", 5800},
		{"A Seal Called Tuesday", "Charcoal, reproduced at the size of the original.", 3400},
		{"Harbour Lights, a Key", "What the lights say, as a chart for the wall.", 2800},
	}, []string{
		"Printed by hand in the cellar on cotton paper of 300 grams, in an edition of 150, signed and numbered.",
		"Pulled on the 1904 press, so that you can feel the plate mark with your thumb. Sent flat, between boards.",
		"Inked in colours mixed for the edition. There will be small differences between one sheet and the next; we call that printing.",
	}},
	{"Ceramics", []ware{
		{"Breakwater Mug", "Holds a pint, survives a wheelhouse.", 2200},
		{"Tideline Bowl", "The glaze breaks where the wave would.", 3400},
		{"Slack Water Jug", "Pours without a drip. We tested it on a ledger.", 4600},
		{"Eelgrass Vase", "Tall, narrow, and green only at the edge.", 5200},
		{"Pebble Salt Pig", "For a handful of Saltern salt.", 2600},
		{"Egg Cup, Plover", "Speckled, and it comes as a pair.", 1800},
		{"Cold Ness Plate", "Dinner plate in lighthouse white.", 2900},
		{"Fog Beaker", "Unglazed outside, so that it stays in your hand.", 1900},
		{"Kipper Dish", "As long as it has to be.", 3800},
		{"Harbour Teapot", "Six cups, and a lid that stays on.", 6800},
		{"Lamp Room Candlestick", "Low and broad, made for a window.", 2400},
		{"Slipway Tile", "Single tile for hot pots, or for a wall of your own.", 1400},
	}, []string{
		"Thrown by Ada Winterbourne in the old net store, in stoneware from clay that came over the quay.",
		"Fired to 1,280 degrees. It may go in the oven and the dishwasher and, we are told, overboard.",
		"Each is thrown by hand and weighs what it weighs. Seconds go to the lifeboat sale in May.",
	}},
	{"Records", []ware{
		{"Breakwater Silver Band: Off You Go", "Recorded in shed two with the doors open.", 2200},
		{"Foghorn Variations", "Twenty-two minutes for tuba, choir and the Gull Rock.", 2400},
		{"Songs from the Ropewalk", "Working songs, with the two-second echo.", 1900},
		{"Ji-woo Park: Holding the Floor", "Solo tuba. Play it quietly to neighbours that you like.", 2100},
		{"Lake Ice, Recorded by Kalle Rautio", "Forty winters on two sides.", 2600},
		{"The Netloft Tapes, 1996–2004", "Eight seasons, with the rain on the roof.", 2800},
		{"Lantern Hall, a Monday", "One piano, nobody listening, everything in tune.", 1800},
		{"Morwenna Tate: Low Water", "Cornet and harmonium, and a gull on track five.", 2000},
		{"Dockside Swing", "The post office trio, after hours.", 1900},
		{"The Choir at Number Twelve", "Those four bars, and eleven other pieces.", 1700},
		{"Engines of the Girl Sadie", "A single cylinder. Children sleep to it.", 1500},
		{"Midwinter at St. Brannock’s", "Carols by candle. One cough, which is loved.", 1800},
	}, []string{
		"Pressed on 180 gram vinyl with a lyric sheet set in lead. A code for the download is under the flap.",
		"Cut at half speed. The sleeve is printed by us, in two colours, one of them silver.",
		"The players get four pounds of each copy, and the lifeboat one.",
	}},
	{"Paper", []ware{
		{"Tide Table Diary", "A week to a page, high water in the margin.", 1800},
		{"Reporter’s Notebook, pack of three", "Bound at the top, for people who write standing.", 1200},
		{"Letter Set, Fog", "Twenty sheets and twenty envelopes, in grey.", 1600},
		{"Friday’s Front Page, framed", "Set by hand. Say which Friday.", 6400},
		{"Wood Type Alphabet Cards", "Twenty-six postcards, and an ampersand.", 1900},
		{"Logbook", "Ruled for date, wind, sea and remarks.", 2400},
		{"Wrapping Paper, Herringbone", "Five sheets. The bones are herring.", 900},
		{"Blotter and Ink", "For the desk of somebody who answers letters.", 2700},
		{"Notes on the Back of a Tide Table", "A jotter of misprints, glued at the head.", 700},
		{"Harbour Colouring Book", "Twelve pages, no wrong colours.", 1100},
		{"Bookplates, This Was Lent to You", "Fifty, gummed, reproachful.", 850},
		{"Wall Calendar, Twelve Boats", "One for each month, none of them new.", 1500},
	}, []string{
		"Made in the bindery from the ends of newsprint reels and better things. Sewn, so that it lies flat.",
		"The paper takes ink without feathering. We know, as we write on it for a living.",
		"Printed on the press in the yard between the Thursday and the Friday edition.",
	}},
	{"Pantry", []ware{
		{"Saltern Sea Salt", "From the second marsh; 150 grams in a paper bag.", 650},
		{"Kippers, a Pair", "Oak-smoked by Harker’s. Sent on ice, on Mondays.", 980},
		{"Night Watch Tea", "Black, strong, a little smoky.", 850},
		{"Allotment Chutney", "Yellow tomatoes only. Don’t ask.", 620},
		{"Seed Loaf Flour and Seeds", "Ilse’s weights, mixed. You bring the patience.", 740},
		{"Bramble Jelly", "Picked along the old railway.", 580},
		{"Pickled Samphire", "Four days’ work, two minutes’ eating.", 690},
		{"Ship’s Biscuit", "Historically accurate. A tin of twelve.", 800},
		{"Marsh Honey", "Sea lavender and clover; sets like butter.", 1150},
		{"Ferry Steps Marmalade", "Thick cut, with whisky, by Mrs. Lunn.", 720},
		{"Smoked Butter", "Goes on everything, including toast.", 560},
		{"Ginger Parkin", "Better in a week. Hide it.", 900},
	}, []string{
		"Made within sight of the harbour, in batches small enough to be signed. Keeps until the date on the lid.",
		"What is in it is on the label, and there is nothing on the label that you would have to look up.",
		"Sent by post twice a week, or to be had at the counter from eight.",
	}},
	{"Charts", []ware{
		{"Chart of Merrow Sound, 1821", "Facsimile, with the sounding that wrecked the Anne.", 5600},
		{"Walkers’ Map of the Saltings", "Paths, sluices, and where the ground is not ground.", 1200},
		{"The Town by Its Shop Signs", "A map of Chandlers’ Row for those who look up.", 1800},
		{"Night Chart of the Harbour", "White ink on blue. Every light in its colour.", 3200},
		{"Bird Map of the Bay", "Who is where, and in which month.", 1500},
		{"Wrecks of the Sound", "Ninety-one of them, and the year.", 3600},
		{"The Underground of Merrow", "Drains, cellars and one smugglers’ tunnel, as if they were a railway.", 2200},
		{"Tides, a Perpetual Wheel", "A disc of card that knows the moon.", 1600},
		{"Flood Gauge Growth Chart", "For the door frame. Children reach 1953.", 2400},
		{"The Sea Floor in Contours", "Forty layers of card, cut by hand.", 18500},
		{"Stars above the Long Pier", "For a dark Friday, with a red torch.", 1700},
		{"A Pilot’s Hundred and Twenty", "The bends, banks and eddies that must be known by heart.", 2900},
	}, []string{
		"Drawn by Jonah Reed after the originals in the museum, and printed at full size.",
		"On a paper that folds a hundred times before it minds. Delivered rolled, unless you ask for it folded.",
		"Corrected to this year. Not to be used for navigation, and we say that about all maps.",
	}},
}

// products stocks the shop. The books are those of the book page.
func products(rng *rand.Rand) []*content.Product {
	library := shelf{name: "Books", details: []string{
		"Sewn paperback, 12 by 19 centimetres. Every copy has been looked at by someone who has read it.",
		"First edition. If you do not like it, bring it back and tell us why; we enjoy that.",
		"Read on the stairs of the shop before you buy it. Most people do.",
	}}
	for i, b := range books {
		library.wares = append(library.wares, ware{b.title, fmt.Sprintf("%s. %s", b.author, b.line), 1100 + content.Pence(i*7%9)*100 - 1})
	}
	var all []*content.Product
	for _, s := range append([]shelf{library}, shelves...) {
		details := newDeck(rng, s.details...)
		for _, w := range s.wares {
			all = append(all, &content.Product{
				Item: content.Item{
					Topic: s.name, Title: w.name, Summary: w.line, Visible: true,
					Body: details.deal() + "\n\n" + details.deal(),
				},
				Price: w.price,
				Stock: stock(rng),
			})
		}
	}
	// Dealt out in one order over all shelves, so that what came last is mixed.
	rng.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	return all
}

// stock is mostly plenty, sometimes few, now and then none.
func stock(rng *rand.Rand) int {
	switch n := rng.IntN(12); n {
	case 0:
		return 0
	case 1, 2:
		return 1 + rng.IntN(4)
	default:
		return 6 + rng.IntN(60)
	}
}
