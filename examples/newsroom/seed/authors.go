package seed

import "github.com/reprint-go/reprint/examples/newsroom/content"

// authors are numbered from 1 in this order; drafts refer to them so.
var authors = []*content.Author{
	{ID: 1, Name: "Maren Halloway", Role: "Editor", Bio: "Came for a summer job in the darkroom and has been locking up ever since. Edits the paper, mends the kettle, walks the wall on Mondays."},
	{ID: 2, Name: "Tobias Kerrigan", Role: "Harbour", Bio: "Was a deckhand for eleven years, and still writes as if someone might shout. Keeps the harbour log."},
	{ID: 3, Name: "Ines Calloway", Role: "Arts", Bio: "Has sat in seat thirty-one of the Netloft more often than anybody alive. Plays second cornet, which she does not review."},
	{ID: 4, Name: "Wilf Trevanion", Role: "Nature", Bio: "Taught biology at the upper school until he was allowed to stop. Writes the tideline diary from a hedge."},
	{ID: 5, Name: "Aroha Bennett", Role: "Food", Bio: "Cooked on three ferries and one research ship. Believes that most things are improved by being left alone for ten minutes."},
	{ID: 6, Name: "Stanley Okafor", Role: "Council", Bio: "Has reported on four hundred and nine meetings, and was awake for all of the votes."},
	{ID: 7, Name: "Beatrix Lunn", Role: "Letters", Bio: "Opens every letter herself, with a knife that was given to her for the purpose by a reader who prefers not to be named."},
	{ID: 8, Name: "Dafydd Prosser", Role: "History", Bio: "Looks after the paper’s cellar of bound volumes. Can tell you what happened on the day that you were born, if it happened here."},
	{ID: 9, Name: "Nell Ashdown", Role: "Books", Bio: "Reads one book an evening and returns it. Runs the counter of the shop on Saturdays."},
	{ID: 10, Name: "Yusuf Amari", Role: "Photographs", Bio: "Goes out when the lights go out. His first picture for this paper was of a swan; so was his second, as it had not moved."},
}
