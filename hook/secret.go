package hook

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"

	"github.com/reprint-go/reprint/internal/secret"
)

const secretParam = "secret"

// credential returns the secret that a caller presents: the bearer token if
// there is one, else the first of the query, else nothing.
func credential(h http.Header, query url.Values) string {
	if token, ok := secret.Bearer(h); ok {
		return token
	}
	return query.Get(secretParam)
}

// validateSecrets reports every secret that should not guard anything. It tells
// them apart by their place, never by their text.
func validateSecrets(given []string) error {
	if len(given) == 0 {
		return errors.New("Secrets is empty: anybody could call; " + secret.HowToMakeOne)
	}
	var errs []error
	for i, text := range given {
		if fault := secret.Weakness(text); fault != "" {
			errs = append(errs, fmt.Errorf("secret %d of %d %s; %s", i+1, len(given), fault, secret.HowToMakeOne))
		}
	}
	return errors.Join(errs...)
}
