// Completes a TLS 1.3 handshake with a KMS as Go's own library does it, and reads the evidence out of
// the certificate: handshake HOST:PORT.  Prints protocol, key and evidence type, one "name value" a line.
package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/tls"
	"crypto/x509"
	"encoding/asn1"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
)

// docs/WIRE.md, "Evidence on the wire".
var evidenceOID = asn1.ObjectIdentifier{1, 2, 840, 113556, 1, 8000, 2554, 23868, 2622, 27407, 19544,
	39492, 8331117, 928657}

func fail(what string, why any) {
	fmt.Fprintf(os.Stderr, "handshake: %s: %v\n", what, why)
	os.Exit(1)
}

func evidence(leaf *x509.Certificate) map[string]string {
	for _, e := range leaf.Extensions {
		if !e.Id.Equal(evidenceOID) {
			continue
		}
		if e.Critical {
			fail("evidence", "the extension is critical")
		}
		var text []byte
		if rest, err := asn1.Unmarshal(e.Value, &text); err != nil || len(rest) != 0 {
			text = e.Value
		}
		found := map[string]string{}
		if err := json.Unmarshal(text, &found); err != nil {
			fail("evidence", err)
		}
		return found
	}
	fail("certificate", "no evidence in it")
	return nil
}

func main() {
	// Who the peer is, the evidence says; no authority vouches for a KMS.
	conn, err := tls.Dial("tcp", os.Args[1], &tls.Config{InsecureSkipVerify: true})
	if err != nil {
		fail("handshake", err)
	}
	defer conn.Close()
	state := conn.ConnectionState()
	leaf := state.PeerCertificates[0]
	if key, ok := leaf.PublicKey.(*ecdsa.PublicKey); !ok || key.Curve != elliptic.P256() {
		fail("certificate", "its key is not P-256")
	}
	if err := leaf.CheckSignature(leaf.SignatureAlgorithm, leaf.RawTBSCertificate, leaf.Signature); err != nil {
		fail("certificate", err)
	}
	ev := evidence(leaf)
	quote, err := base64.StdEncoding.DecodeString(ev["quote"])
	if err != nil {
		fail("quote", err)
	}
	fmt.Println("protocol", tls.VersionName(state.Version))
	fmt.Println("type", ev["type"])
	fmt.Println("quote_version", int(quote[0])|int(quote[1])<<8)
	if err := conn.Handshake(); err != nil {
		fail("handshake", err)
	}
	fmt.Fprintf(conn, "GET /livez HTTP/1.1\r\nHost: kms\r\nConnection: close\r\n\r\n")
	answer := make([]byte, 12)
	if _, err := conn.Read(answer); err != nil {
		fail("read", err)
	}
	fmt.Println("status", string(answer[9:12]))

	// What version 2 forbids must not be negotiated.
	_, err = tls.Dial("tcp", os.Args[1], &tls.Config{InsecureSkipVerify: true, MaxVersion: tls.VersionTLS12})
	if err == nil {
		fail("TLS 1.2", "was accepted")
	}
	fmt.Println("tls12 refused")
}
