package main

const (
	root  = "."
	files = "./sqlite"
)

// mutants are the negative controls, by promise.
var mutants = []mutant{
	{"P1", "the stamp is taken when the page is stored", []edit{
		{"commit.go", "	position := s.ledger.pos()\n", "	position := s.ledger.pos()\n	page.Stamp = position\n"},
	}, root, "TestAnEntryDuringARenderMakesItsPageStaleOnArrival"},

	{"P1", "a run is joined whatever its stamp", []edit{
		{"internal/flight/flight.go", "if r.stamp >= need {", "if true {"},
	}, "./internal/flight", "Test.*"},

	{"P1", "a page is stored without comparing stamps", []edit{
		{"memory.go", "old.stamp > made.stamp || old.holds(made)", "old.holds(made)"},
	}, root, "TestARevalidationNeverJoinsARunningRender"},

	{"P1", "the embedded store stores without comparing stamps", []edit{
		{"sqlite/put.go", "old.stamp > r.stamp", "false"},
	}, files, "TestStore"},

	{"P5", "a page that is believed to be new makes an older one go for itself", []edit{
		{"sqlite/put.go", " && w.hasRoom(size)", ""},
	}, files, "TestAPageThatIsThereAfterAll"},

	{"P1", "a page that is believed to be new takes the place of a newer one", []edit{
		{"sqlite/put.go", "DO NOTHING`\n	first", "DO UPDATE SET body = excluded.body, stamp = excluded.stamp, checksum = excluded.checksum`\n	first"},
	}, files, "TestAPageThatIsThereAfterAll"},

	{"P1", "the position is published before the ledger", []edit{
		{"ledger.go", "	l.mu.Lock()\n	defer l.mu.Unlock()\n	s := Summary{Marks: l.marks}\n",
			"	l.position.Store(uint64(entries[len(entries)-1].Position))\n	runtime.Gosched()\n	l.mu.Lock()\n	defer l.mu.Unlock()\n	s := Summary{Marks: l.marks}\n"},
		{"ledger.go", "	\"maps\"\n", "	\"maps\"\n	\"runtime\"\n"},
	}, root, "TestAPageIsNeverCheckedPastAnEntryThatNamesIt"},

	{"P1", "a page that was overtaken is served as merely stale", []edit{
		{"policy.go", "s.expired || (!s.current && page.overtaken)", "s.expired"},
	}, root, "TestAnEntryDuringARenderMakesItsPageStaleOnArrival|TestAPageThatGainsATagWhileItIsRenderedIsNotServedOld"},

	{"P1", "a call joins any running render", []edit{
		{"serve.go", "out.entry == nil || out.entry.stamp >= arrival || s.standing(out.entry).current", "true"},
		{"revalidate.go", "s.await(ctx, key, need, need,", "s.await(ctx, key, 0, need,"},
	}, root, "TestP1RevalidatedMeansRevalidated"},

	{"P1", "entries come into force that are not in the journal's order", []edit{
		{"revalidate.go", "		e, ok := a.entries[p]\n		if !ok {\n			break\n		}\n", "		e, ok := a.entries[p]\n		if !ok && p > after+100 {\n			break\n		}\n		if !ok {\n			continue\n		}\n"},
	}, root, "TestEntriesComeIntoForceInTheirOrder"},

	{"P1", "the fast lane does not ask the ledger", []edit{
		{"lane.go", "plain := st.current && now.UnixMicro()", "plain := now.UnixMicro()"},
	}, root, "TestTheFastLaneKnowsOfRevalidations"},

	{"P1", "the fast lane serves as stale what has been replaced", []edit{
		{"lane.go", "s.memory.tier.Peek(e.name()) != e", "s.memory.tier.Peek(e.name()) == nil"},
	}, root, "TestTheFastLaneServesNoStalePageThatWasReplaced"},

	{"P1", "the fast lane answers as a moment ago", []edit{
		{"hot.go", "	if !hp.current(s) {\n		return nil\n	}\n", ""},
	}, root, "TestTheFastLaneKnowsOfRevalidations"},

	{"P1", "the ledger does not note where a tag was named", []edit{
		{"ledger.go", "			l.named[l.placeOf(tag)].Store(uint64(e.Position))\n", "			_ = tag\n"},
	}, root, "TestTheLedgerAgreesWithTheWholeJournal|TestTheFastLaneKnowsOfRevalidations"},

	{"P1", "a page takes the content codings of another content along", []edit{
		{"memory.go", "old.sum == made.sum && made.compressible", "made.compressible"},
	}, root, "TestFormsBecomeSmallerBehind"},

	{"P4", "net/http is given more than its request", []edit{
		{"internal/lane/conn.go", "c.receive(p[:min(int64(len(p)), c.left)])", "c.receive(p)"},
	}, "./internal/lane", "TestPipelinedRequestsAreAnsweredInTheirOrder"},

	{"P4", "a connection that leaves its loop leaves the rest of its answer behind", []edit{
		{"internal/lane/loop_linux.go", "[2][]byte{bytes.Clone(rest[0]), rest[1]}", "nothing"},
	}, "./internal/lane", "TestALargeAnswerIsWhole"},

	{"P4", "connections beyond a full batch are not told of", []edit{
		{"internal/lane/poll_linux.go", "full := len(events) == len(p.events); full", "full := false; full"},
	}, "./internal/lane", "TestThousandsOfConnectionsNeedNoGoroutines"},

	{"P6", "the fast lane answers who is authorized", []edit{
		{"internal/lane/request.go", "		r.Special = r.Special || isName(name, \"authorization\")\n", ""},
	}, root, "TestTheFastLaneAnswersAsNetHTTPDoes"},

	{"P6", "the fast lane answers in draft mode", []edit{
		{"lane.go", " || (l.site.opts.DraftSecret != nil && strings.Contains(line, draftCookie))", ""},
	}, root, "TestTheFastLaneHandsOverDrafts"},

	{"P5", "content codings in memory weigh nothing", []edit{
		{"entry.go", "		n += fs.size()\n", "		n += len(fs) - len(fs)\n"},
	}, root, "TestFormsGoBeforePagesDo"},

	{"P1", "a page that came while another was rendered is taken not to be there", []edit{
		{"lookup.go", "a.lock != nil && a.lock.stored.Load() == a.stored", "a.lock != nil"},
	}, root, "TestAPageThatIsNotThereIsLookedForOnce"},

	{"P2", "an error page may replace a good one", []edit{
		{"render.go", "case http.StatusOK, http.StatusNotFound,", "case http.StatusInternalServerError, http.StatusOK, http.StatusNotFound,"},
	}, root, "TestP2TheLastGoodPageStays"},

	{"P2", "nothing that failed is tried again by itself", []edit{
		{"commit.go", "		s.due.Set(key, record.Until)\n", "		_ = record.Until\n"},
	}, root, "TestP2TheLastGoodPageStays"},

	{"P2", "a page that keeps failing is rendered for each visitor", []edit{
		{"commit.go", "return failure, resting && s.ledger.need(tags) <= failure.Value.stamp", "return failure, resting && s == nil"},
	}, root, "TestAColdPageThatKeepsFailingIsNotRenderedOncePerVisitor"},

	{"P3", "every visitor has a render of their own", []edit{
		{"internal/flight/flight.go", "	for _, r := range l.running {\n		if r.stamp >= need {\n			return r, false\n		}\n	}\n	if l.next == nil {\n",
			"	{\n		l.next = nil\n"},
		{"internal/flight/flight.go", "l.launched = len(l.running) < maxRunning", "l.launched = true"},
	}, root, "TestP3FiveHundredClientsOnOneColdPageCostOneRender"},

	{"P3", "the render runs on the visitor's context", []edit{
		{"serve.go", "	for {\n		run, launch := s.flights.Join", "	VisitorContext.Store(key, ctx)\n	for {\n		run, launch := s.flights.Join"},
		{"serve.go", "// setFields sets the fields", "var VisitorContext sync.Map\n\n// setFields sets the fields"},
		{"serve.go", "	\"strconv\"\n", "	\"strconv\"\n	\"sync\"\n"},
		{"render.go", "	state := &render{site: s, stamp: page.Stamp, since: since, page: func() tagList { return packTags(rt.tags(page.Key)) }}\n", "	state := &render{site: s, stamp: page.Stamp, since: since, page: func() tagList { return packTags(rt.tags(page.Key)) }}\n	base := ctx\n	if v, ok := VisitorContext.Load(page.Key); ok {\n		base = v.(context.Context)\n	}\n"},
		{"render.go", "context.WithValue(ctx, renderKey{}, state)", "context.WithValue(base, renderKey{}, state)"},
	}, root, "TestTheFirstVisitorLeavingDoesNotCancelTheRender"},

	{"P4", "a revalidation is acknowledged before the journal is on disk", []edit{
		{"sqlite/journal.go", "		at, err = ask(ctx, s, size, func(w *writer) (reprint.Position, error) { return w.append(e, tags) })\n",
			"		early := make(chan reprint.Position, 1)\n		go s.change(context.WithoutCancel(ctx), size, func(w *writer) error {\n			p, err := w.append(e, tags)\n			early <- p\n			time.Sleep(3 * time.Millisecond) // a slow disk\n			return err\n		})\n		at = <-early\n"},
		{"sqlite/journal.go", "	\"iter\"\n", "	\"iter\"\n	\"time\"\n"},
		// The receipt is stored after the entry: it could hide the fault.
		{"receipts.go", "if err := s.journal.SaveReceipt(s.ctx, receipt); err != nil {", "if err := error(nil); err != nil {"},
	}, root, "TestP4KilledAtAnyMoment"},

	{"P4", "a page is served without a look at its checksum", []edit{
		{"sqlite/row.go", "if r.checksum != r.rowsum() {", "if false {"},
	}, files, "TestDamageIsFound"},

	{"P5", "pages in memory weigh nothing", []edit{
		{"memory.go", "return clampWeight(e.size()) }", "return 1 }"},
	}, root, "TestP5RandomPathsAndQueriesStayWithinTheLimits"},

	{"P5", "unknown queries are part of the key", []edit{
		{"key.go", "	if raw == \"\" || len(p.Query) == 0 {\n		return \"\", nil\n	}\n", "	if len(p.Query) == 0 {\n		return raw, nil\n	}\n"},
	}, root, "TestP5RandomPathsAndQueriesStayWithinTheLimits|TestP6NothingOfAVisitorReachesAStoredPage"},

	{"P6", "a render sees the visitor's headers", []edit{
		{"serve.go", "	now := time.Now()\n	if _, resting := s.private", "	VisitorHeader.Store(key, r.Header)\n	now := time.Now()\n	if _, resting := s.private"},
		{"serve.go", "// setFields sets the fields", "var VisitorHeader sync.Map\n\n// setFields sets the fields"},
		{"serve.go", "	\"strconv\"\n", "	\"strconv\"\n	\"sync\"\n"},
		{"render.go", "	return r.WithContext(ctx)\n", "	if h, ok := VisitorHeader.Load(key); ok {\n		r.Header = h.(http.Header).Clone()\n	}\n	return r.WithContext(ctx)\n"},
	}, root, "TestP6NothingOfAVisitorReachesAStoredPage"},

	{"P6", "an answer with a cookie is stored", []edit{
		{"render.go", "if len(h[\"Set-Cookie\"]) > 0 && !slices.Contains(rt.policy.Ignore, \"set-cookie\") {", "if false {"},
	}, root, "TestWhatSaysThatItIsPrivateIsNotStored"},

	{"P6", "an answer that says nothing of its freshness is stored under FromHeaders", []edit{
		{"pass.go", "	if !explicit || (l.Fresh <= l.Age && l.WhileRevalidate == 0) {\n", "	if explicit && l.Fresh <= l.Age && l.WhileRevalidate == 0 {\n"},
		{"pass.go", "	return &Lifetime{Fresh: l.Fresh,", "	return &Lifetime{Fresh: max(l.Fresh, time.Minute),"},
	}, root, "TestRFC"},

	{"P6", "a request with a session's cookie is answered from a page", []edit{
		{"site.go", "matchesAny(p.BypassCookies, strings.TrimSpace(name)) {", "name == \"\\x00\" {"},
	}, root, "TestWhatPassesThroughByThePolicy"},

	{"P2", "a 304 about something else renews the page", []edit{
		{"render.go", "old != nil && confirms(header, old):", "old != nil:"},
	}, root, "TestRFC"},

	{"P1", "a revalidation of a page leaves its other representations", []edit{
		{"route.go", "	if rt.policy.Of == nil {\n", "	if true {\n"},
	}, root, "TestAnotherRepresentationIsRevalidatedWithItsPage"},

	{"P1", "an unsafe method that succeeded leaves the old pages", []edit{
		{"pass.go", "if rt.policy.Invalidate && !isSafe(r.Method) {", "if false {"},
	}, root, "TestInvalidationByUnsafeMethods"},

	{"P6", "a forged draft cookie counts", []edit{
		{"draft.go", " || !hmac.Equal(b[8:], s.signDraft(b[:8]))", ""},
	}, root, "TestDraftMode"},

	{"P2", "a render takes the place of a page that is held", []edit{
		{"sqlite/put.go", " || old.holds(r)", ""},
	}, files, "TestStore"},

	{"P4", "what is left of a refill is forgotten at the next start", []edit{
		{"background.go", "	s.whenRouted(func() { s.resumeRefills(ctx) })\n", ""},
	}, root, "TestRefillGoesOnAfterARestart"},

	{"P7", "nobody remembers who asked", []edit{
		{"revalidate.go", "Tags: some, By: receipt.By}", "Tags: some}"},
	}, root, "TestP7EveryPageCanSayWhy"},

	{"P6", "what a visitor sent is another's next request, where an origin left it unread", []edit{
		{"origin/conn.go", "	r.Close = r.Body != nil && r.Body != http.NoBody\n", ""},
	}, "./origin", "TestABodyIsNobodysRequest"},

	{"P1", "a content is dated by what was there when it was rendered", []edit{
		{"commit.go", "if key.stored.Load() != stored {", "if false {"},
	}, root, "TestAContentIsDatedByTheOneThatItReplaces"},

	{"P1", "two contents of a second share a Last-Modified", []edit{
		{"commit.go", "e.modified%1e6 == 0 && ", ""},
	}, root, "TestAContentThatIsStoredLateHasADateOfItsOwn"},

	{"P7", "the receipt of a call that its caller stores is stored by others too", []edit{
		{"receipts.go", "		u.own[r.ID] = r\n", "		u.unsaved[r.ID] = r\n		u.order = append(u.order, r.ID)\n"},
	}, root, "TestReceiptsThatTheirCallersStoreStayAsTheyEnd"},

	{"P7", "who comes when a call ends is not told", []edit{
		{"receipts.go", "	also()\n", ""},
		{"receipts.go", "	many, alone := s.receipts.add(kept, func() {\n		if known {\n			s.news.finish(kept)\n		}\n	})\n",
			"	if known {\n		s.news.finish(kept)\n	}\n	many, alone := s.receipts.add(kept, nil)\n"},
	}, root, "TestTheEndOfACallIsToldOnceToWhoComes"},

	{"P7", "the site as of a moment is what was dated by then", []edit{
		{"history.go", "	if before != nil && follows(before, p) {\n		return before.Replaced\n	}\n	return p.ModifiedAt\n", "	return p.ModifiedAt\n"},
	}, root, "TestTheSiteAsOfAMomentBetweenQuickEdits"},

	{"P1", "a page of a route that lets all pass is current when the route stores pages again", []edit{
		{"revalidate.go", "p.Overtaken = true; return true }", "return false }"},
	}, root, "TestNothingOfARouteThatLetsAllPassIsStored"},
}
