package config

import "strings"

// defaultName stands for the default in a list that has one.
const defaultName = "default"

// defaultDrop are the parameters that advertising and mail add to links. They say
// where a visitor came from and never what a page shows.
var defaultDrop = []string{
	"utm_*", "gclid", "gclsrc", "gbraid", "wbraid", "dclid", "gad_*", "srsltid", "_ga", "_gl", "fbclid", "igshid", "msclkid", "ttclid",
	"twclid", "li_fat_id", "epik", "yclid", "rdt_cid", "mc_cid", "mc_eid", "_hsenc", "_hsmi", "hsCtaTracking", "mkt_tok", "vero_id", "_kx",
}

// defaultSession are the cookies with which common frameworks know a visitor.
var defaultSession = []string{
	"PHPSESSID", "JSESSIONID", "ASP.NET_SessionId", ".AspNetCore.*", ".ASPXAUTH", "connect.sid", "sid", "session", "session_id", "sessionid",
	"_session_id", "*_session", "laravel_session", "remember_web_*", "remember_user_token", "wordpress_logged_in_*", "wordpress_sec_*", "wp-postpass_*",
	"wp_woocommerce_session_*", "woocommerce_items_in_cart", "comment_author_*", "SESS*", "SSESS*", "next-auth.session-token*",
	"__Secure-next-auth.session-token*", "authjs.session-token*", "__Secure-authjs.session-token*",
}

// defaultLanguages are those that pages of the web are most often written in, for
// a site that does not say which it offers. The origin gets the one that a visitor
// likes best and chooses for itself; a site that lists its own has fewer variants.
var defaultLanguages = []string{
	"en", "es", "de", "ja", "fr", "pt-BR", "pt-PT", "ru", "it", "nl", "pl", "tr", "zh-CN", "zh-TW", "fa", "vi", "id", "cs", "ko", "uk", "ar",
	"el", "hu", "sv", "ro", "da", "fi", "nb", "th", "he", "sk", "bg",
}

var (
	defaultLanguageDoc = quotedList(defaultLanguages)
	defaultDropDoc     = quotedList(defaultDrop)
	defaultSessionDoc  = quotedList(defaultSession)
)

func quotedList(names []string) string { return "`" + strings.Join(names, "`, `") + "`" }

// withDefault puts the default list in place of its name.
func withDefault(given, def []string) []string {
	all := []string{}
	for _, name := range given {
		if name == defaultName {
			all = append(all, def...)
		} else {
			all = append(all, name)
		}
	}
	return all
}

// matchesName reports whether name is one of patterns, of which some begin or end
// in "*".
func matchesName(patterns []string, name string) bool {
	for _, p := range patterns {
		if prefix, open := strings.CutSuffix(p, "*"); open && strings.HasPrefix(name, prefix) {
			return true
		}
		if suffix, open := strings.CutPrefix(p, "*"); open && strings.HasSuffix(name, suffix) {
			return true
		}
		if p == name {
			return true
		}
	}
	return false
}
