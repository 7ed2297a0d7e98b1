package seed

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

type recipe struct {
	title, summary string
	ingredients    []string
	method         string
}

var recipes = []recipe{
	{"On the slate: mussels in cider", "Ten minutes, one pot, and something to soak up what is left.",
		[]string{"1.5 kg mussels, scrubbed", "2 shallots, 1 bay leaf", "300 ml dry cider", "100 ml cream", "A fistful of parsley"},
		"Throw away any mussel that is open and does not close when you tap it. Soften the shallots in butter with the bay, pour on the cider, and let it boil. In with the mussels, on with the lid. Four minutes, one shake. Cream, parsley, bowls. Now throw away any that have stayed shut, since they have made their position clear."},
	{"On the slate: leek and potato soup for wet coats", "The soup of the lifeboat house, by permission of the lifeboat house.",
		[]string{"4 leeks, mostly the white", "600 g floury potatoes", "60 g butter", "1 litre light stock", "Nutmeg"},
		"Sweat the leeks in the butter for longer than you think, a quarter of an hour, with the lid on and no colour. Add potatoes and stock, and simmer until a spoon goes through them. Crush it with a masher, not a machine. The lifeboat house holds that a soup you cannot see the bottom of will keep until you get back."},
	{"On the slate: plaice with brown butter", "A flat fish, a flat pan and your whole attention for six minutes.",
		[]string{"2 plaice, trimmed", "Flour, salt", "80 g butter", "1 tablespoon capers", "Half a lemon"},
		"Dry the fish as if it were a baby. Dust with flour at the last moment. Butter in the pan until it stops talking, fish in, white side down. Three minutes, turn, two minutes. Take the fish out, let the butter go the colour of a violin, then stop it with the lemon and throw in the capers. Pour, and do not speak until it is eaten."},
	{"On the slate: sea beet and egg", "Wild spinach from the sea wall. Pick high, pick little, wash it three times.",
		[]string{"A carrier bag of sea beet leaves", "4 eggs", "1 clove garlic", "Toast", "Pepper, no salt"},
		"Wilt the leaves in the water that clings to them, with the garlic, and wring them out well. Poach the eggs. Heap the one on toast and the other on that. You will want to add salt. Taste it first: the sea has been there before you."},
	{"On the slate: fisherman’s Friday potatoes", "What you make when the boat came in with nothing.",
		[]string{"1 kg waxy potatoes", "200 g smoked bacon", "2 onions", "Cider vinegar", "Mustard"},
		"Boil the potatoes in their skins. Fry the bacon until it gives up its fat and the onions in what it gave up. A good splash of vinegar, a spoon of mustard, and the potatoes broken in with your hands while they are too hot. It is better after ten minutes. It has never been given fifteen."},
	{"On the slate: crab on hot toast", "Brown meat below, white meat above, and nothing in between.",
		[]string{"1 large cock crab, boiled and picked", "Half a lemon", "Mayonnaise, one spoon", "Cayenne", "4 slices of sourdough"},
		"The brown meat is the flavour, and people leave it. Beat it with the lemon and a little cayenne, and spread it on the toast as if it were butter. Bind the white with as little mayonnaise as will hold it. Pile it on. Eat it leaning forward."},
	{"On the slate: Ilse’s seed loaf", "The recipe was got out of the bakery by asking, every week for two years.",
		[]string{"500 g strong wholemeal flour", "350 ml water", "100 g mixed seeds, toasted", "10 g salt", "A spoon of treacle, and whatever yeast you trust"},
		"Mix it wet, fold it four times in the first hour, and leave it alone overnight somewhere that is cold but kind. Shape, prove until a poked finger leaves a slow dent, and bake very hot for twenty minutes, then less hot for twenty. “It tells you when it’s done,” says Ilse Brandt. It tells her. Ring the bottom with your knuckle."},
	{"On the slate: roast hake with fennel", "The best fish landed here, most of which goes to Spain. Ask for it.",
		[]string{"4 thick pieces of hake", "2 bulbs of fennel, sliced", "1 orange", "A glass of white wine", "Olives"},
		"Roast the fennel first with oil and strips of orange peel until its edges catch. Lay the fish on top, wet it all with the wine and the juice, scatter olives. Twelve minutes. Hake goes from not yet to too late in the time that it takes to find the oven gloves, so find them now."},
	{"On the slate: marsh lamb, very slowly", "Put it in before church, or whatever it is you do instead.",
		[]string{"1 shoulder of lamb", "6 anchovies", "Rosemary", "2 heads of garlic", "Half a bottle of something red"},
		"Stab the lamb all over and post half an anchovy and a needle of rosemary into each place. Sit it on the garlic, pour in the wine, cover it tightly. Five hours at a heat that you would hardly notice. You won’t taste fish. You will wonder what it is you can taste, which is the point of anchovies."},
	{"On the slate: a proper fish stew", "Feeds eight, or four and a shipwreck.",
		[]string{"1.5 kg mixed white fish, on the bone if you can", "3 onions, 1 fennel, 4 tomatoes", "Saffron, if there has been a birthday", "Orange peel", "Stale bread, rubbed with garlic"},
		"Make the stock out of the bones and be strict about twenty minutes. Cook the vegetables down till they have forgotten what they were. Stock in, fish in, thick pieces first. It is ready when the thinnest piece is. Bread in the bowl, stew on the bread, elbows where you like."},
	{"On the slate: rhubarb and ginger fool", "The first colour of the year.",
		[]string{"600 g forced rhubarb", "100 g sugar", "2 balls of stem ginger, and their syrup", "300 ml cream", "150 ml thick yoghurt"},
		"Bake the rhubarb with the sugar, covered, until it slumps. Drain it and drink what comes off: you have earned it. Whip the cream not too stiffly, fold in the yoghurt and then the fruit in three or four turns, so that it looks like a sky. Ginger on top. Cold for an hour."},
	{"On the slate: samphire, and how not to ruin it", "Two minutes. There is no third minute.",
		[]string{"200 g marsh samphire", "30 g butter", "Half a lemon", "No salt whatsoever"},
		"Pick it over, snap off the woody ends, wash. Two minutes in boiling water without salt. Butter, lemon. Hold each stem by the root and pull it between your teeth, so that the soft part comes away and the string stays. There is no elegant way to do this, and that is why it is eaten among friends."},
	{"On the slate: winter slaw with apples", "For eating with smoked things, beside a window.",
		[]string{"Half a red cabbage", "2 sharp apples", "1 small beetroot, raw", "Caraway", "Cider vinegar, honey, rapeseed oil"},
		"Slice the cabbage as thinly as your patience allows. Salt it, squeeze it, leave it for as long as the news lasts. Add the apples and the beetroot in matchsticks. Dress it sharply. It will be pink by supper and better by breakfast."},
	{"On the slate: the boatyard’s bread pudding", "Tam Oyelaran does not weigh anything. We followed him round with a scale.",
		[]string{"500 g old bread", "500 ml milk", "300 g dried fruit, soaked in tea", "150 g brown sugar, 2 eggs", "Mixed spice, more than that"},
		"Soak, squeeze, mix. It should fall off the spoon, but only after it has thought about it. Into a tin, coarse sugar on top, an hour and a quarter in a middling oven. Cut it when it is cold into pieces the size of a telephone. One goes into each pocket, for balance."},
	{"On the slate: pickled herring for beginners", "Four days, during which you only have to wait.",
		[]string{"8 herring fillets, salted overnight", "300 ml white wine vinegar, 150 ml water", "100 g sugar", "1 carrot, 1 red onion, in rounds", "Allspice, bay, mustard seed"},
		"Boil the vinegar, the water, the sugar and the spice and let it go quite cold: this is the only thing that people get wrong. Layer fish, onion and carrot in a jar, pour it over, and put it at the back of the fridge behind the thing you never eat. On the fourth day have it with rye bread and an opinion."},
}

// composeRecipes writes the cookery column.
func composeRecipes(rng *rand.Rand) []draft {
	intros := newDeck(rng,
		"The blackboard outside Harker’s had one word on it this week, so that is what we are having.",
		"It has been that kind of a week. Cook something that asks nothing of you until the end.",
		"A reader writes that these recipes are all very well if you live by the sea. You do live by the sea. Walk down.",
		"This page has been asked for again by so many people who cut it out and lost it that here it is, with the quantities mended.",
		"We made this three times in the office, on a ring that is meant for ink. It forgives a great deal.",
		"Supper for four, or for two who have been outdoors.")
	notes := newDeck(rng,
		"*From the market:* what is cheap this week is whiting. It is always whiting. Give it a chance.",
		"*From the market:* the first sprats are in. Fry them whole and don’t be formal.",
		"*From the market:* good leeks, better cauliflowers, and the pears from Saltern side for as long as they last.",
		"*From the market:* brown shrimps on Thursdays, from the man with no sign. Bring a bowl.",
		"*From the market:* eggs from the station-house hens are back, at the usual price, which is conversation.")
	var drafts []draft
	for _, r := range recipes {
		body := fmt.Sprintf("%s\n\n## You need\n\n- %s\n\n## Then\n\n%s\n\n%s",
			intros.deal(), strings.Join(r.ingredients, "\n- "), r.method, notes.deal())
		drafts = append(drafts, draft{section: "Food", author: 5, title: r.title, summary: r.summary, body: body})
	}
	return drafts
}
