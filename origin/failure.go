package origin

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"syscall"
)

// gatewayError is an answer of the origin that cannot be handed on. Its text is for
// visitors and holds nothing of the origin's address; its cause is for the log.
type gatewayError struct {
	status int
	text   string
	cause  error // nil: the text says it all
}

func (f *gatewayError) Error() string {
	if f.cause == nil {
		return f.text
	}
	return f.text + ": " + f.cause.Error()
}

// Unwrap returns the cause.
func (f *gatewayError) Unwrap() error { return f.cause }

func badGateway(format string, args ...any) *gatewayError {
	return &gatewayError{status: http.StatusBadGateway, text: fmt.Sprintf(format, args...)}
}

// What ends a request by our own decision, as the cause of its context.
var (
	errTimeout      = errors.New("the time for a render is over")
	errNoConnection = errors.New("no connection to the origin in time")
	errHints        = errors.New("too many informational answers")
)

// failed says what an error of the transport means.
func failed(err error) *gatewayError {
	var network net.Error
	var certificate *tls.CertificateVerificationError
	var record tls.RecordHeaderError
	var name *net.DNSError
	if f, ok := errors.AsType[*gatewayError](err); ok {
		return f
	}
	f := &gatewayError{status: http.StatusBadGateway, cause: err}
	switch {
	case errors.Is(err, errTimeout), errors.Is(err, context.DeadlineExceeded):
		f.status, f.text = http.StatusGatewayTimeout, "the origin did not answer in time"
	case errors.Is(err, errNoConnection):
		f.status, f.text = http.StatusGatewayTimeout, "the origin took no connection in time"
	case errors.As(err, &name):
		f.text = "the name of the origin cannot be resolved"
	case errors.As(err, &network) && network.Timeout():
		f.status, f.text = http.StatusGatewayTimeout, "the origin did not answer in time"
	case errors.Is(err, errHints):
		f.text = "the origin sends informational answers without end"
	case errors.Is(err, syscall.ECONNREFUSED):
		f.text = "the origin refused the connection"
	case errors.As(err, &certificate):
		f.text = "the certificate of the origin is not valid"
	case errors.As(err, &record):
		f.text = "the origin does not speak TLS"
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		f.text = "the origin closed the connection before it had answered"
	default:
		f.text = "the origin gave no valid answer"
	}
	return f
}

// write answers with the failure.
func (f *gatewayError) write(w http.ResponseWriter) {
	w.Header().Set("Cache-Control", "no-store")
	http.Error(w, fmt.Sprintf("%d %s: %s", f.status, http.StatusText(f.status), f.text), f.status)
}
