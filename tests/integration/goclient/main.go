// goclient asks an https URL as a client in another language would, and says what it saw of TLS, one
// "name value" per line: version, protocol, status, evidence (bytes of our extension), exporter (hex, of
// EXPORTER-teereg-v2 over 32 zero bytes), tickets (sessions that could be resumed), body (its length).
//
// Usage: goclient [-max 1.2|1.3] URL
package main

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/asn1"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"sync/atomic"
)

var evidenceOID = asn1.ObjectIdentifier{1, 2, 840, 113556, 1, 8000, 2554, 23868, 2622, 27407, 19544,
	39492, 8331117, 928657}

// What the one evidence extension of a certificate holds: an object in JSON.
func evidenceOf(der []byte) ([]byte, error) {
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, fmt.Errorf("parse the certificate: %w", err)
	}
	for _, ext := range cert.Extensions {
		if !ext.Id.Equal(evidenceOID) {
			continue
		}
		if ext.Critical || !json.Valid(ext.Value) {
			return nil, errors.New("the evidence is critical, or not JSON")
		}
		return ext.Value, nil
	}
	return nil, errors.New("the certificate has no evidence extension")
}

// Counts the tickets that a server hands out.
type countingCache struct{ n atomic.Int32 }

func (c *countingCache) Get(string) (*tls.ClientSessionState, bool) { return nil, false }
func (c *countingCache) Put(_ string, s *tls.ClientSessionState) {
	if s != nil {
		c.n.Add(1)
	}
}

func ask(url string, most uint16) error {
	var evidence []byte
	cache := &countingCache{}
	config := &tls.Config{
		InsecureSkipVerify: true, // the evidence decides, not an authority
		MaxVersion:         most,
		ClientSessionCache: cache,
		VerifyPeerCertificate: func(raw [][]byte, _ [][]*x509.Certificate) error {
			if len(raw) != 1 {
				return fmt.Errorf("%d certificates, expected the leaf alone", len(raw))
			}
			var err error
			evidence, err = evidenceOf(raw[0])
			return err
		},
	}
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: config, ForceAttemptHTTP2: true}}
	resp, err := client.Get(url)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	exporter, err := resp.TLS.ExportKeyingMaterial("EXPORTER-teereg-v2", make([]byte, 32), 32)
	if err != nil {
		return err
	}
	fmt.Printf("version %s\nprotocol %s\nstatus %d\nevidence %d\nexporter %s\ntickets %d\nbody %d\n",
		tls.VersionName(resp.TLS.Version), resp.Proto, resp.StatusCode, len(evidence),
		hex.EncodeToString(exporter), cache.n.Load(), len(body))
	return nil
}

func main() {
	most := flag.String("max", "1.3", "highest version of TLS to offer")
	flag.Parse()
	versions := map[string]uint16{"1.2": tls.VersionTLS12, "1.3": tls.VersionTLS13}
	if flag.NArg() != 1 || versions[*most] == 0 {
		fmt.Fprintln(os.Stderr, "usage: goclient [-max 1.2|1.3] URL")
		os.Exit(2)
	}
	if err := ask(flag.Arg(0), versions[*most]); err != nil {
		fmt.Fprintln(os.Stderr, "goclient:", err)
		os.Exit(1)
	}
}
