// What go-tdx-guest says of a quote: the second opinion of tests/interop, and a peer of the benchmarks.
//
//	gotdx judge         one case a line on standard input, one answer a line on standard output:
//	                    {"quote": base64, "bundle": {...}, "root": base64 DER or "", "at": unix}
//	                    {"verdict": "accept", "status": S} or {"verdict": "reject", "message": M, "panic": bool}
//	gotdx bench FILE ROUNDS BATCH
//	                    FILE holds one such case: {"ns": the median over rounds, of processor time,
//	                    "version": of the library}
//
// Accepted here means that every check but that of the status has passed; the status is what the library
// found, so that it can be compared with ours.
package main

import (
	"bufio"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"runtime"
	"runtime/debug"
	"sort"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/google/go-tdx-guest/abi"
	"github.com/google/go-tdx-guest/pcs"
	"github.com/google/go-tdx-guest/verify"
	"github.com/google/logger"
)

type testCase struct {
	Quote  []byte            `json:"quote"`
	Bundle map[string]string `json:"bundle"`
	Root   []byte            `json:"root"`
	At     int64             `json:"at"`
}

type answer struct {
	Verdict string `json:"verdict"`
	Status  string `json:"status,omitempty"`
	Message string `json:"message,omitempty"`
	Panic   bool   `json:"panic,omitempty"`
}

// bundle serves the collateral of a case as Intel's service would.
type bundle struct{ members map[string]string }

// crl is DER, from the hexadecimal of the bundle; what is not hexadecimal is handed over as it is.
func (b bundle) crl(name string) []byte {
	der, err := hex.DecodeString(b.members[name])
	if err != nil {
		return []byte(b.members[name])
	}
	return der
}

func signed(name, value, signature string) []byte {
	quoted, _ := json.Marshal(signature)
	return []byte(`{"` + name + `":` + value + `,"signature":` + string(quoted) + `}`)
}

func (b bundle) Get(address string) (map[string][]string, []byte, error) {
	chain := func(phrase, member string) map[string][]string {
		return map[string][]string{phrase: {url.QueryEscape(b.members[member])}}
	}
	switch {
	case address == pcs.QeIdentityURL():
		return chain(pcs.SgxQeIdentityIssuerChainPhrase, "qe_identity_issuer_chain"),
			signed("enclaveIdentity", b.members["qe_identity"], b.members["qe_identity_signature"]), nil
	case strings.Contains(address, "/tcb?fmspc="):
		return chain(pcs.TcbInfoIssuerChainPhrase, "tcb_info_issuer_chain"),
			signed("tcbInfo", b.members["tcb_info"], b.members["tcb_info_signature"]), nil
	case strings.Contains(address, "/pckcrl?"):
		return chain(pcs.SgxPckCrlIssuerChainPhrase, "pck_crl_issuer_chain"), b.crl("pck_crl"), nil
	case strings.HasSuffix(address, "/IntelSGXRootCA.der"):
		return nil, b.crl("root_ca_crl"), nil
	}
	return nil, nil, fmt.Errorf("no such address: %s", address)
}

func (c *testCase) options() (*verify.Options, error) {
	at := time.Unix(c.At, 0)
	o := &verify.Options{
		CheckRevocations: true,
		GetCollateral:    true,
		Getter:           bundle{c.Bundle},
		Now:              &verify.TimeSet{PckCertChain: at, TcbInfo: at, QeIdentity: at, PckCrl: at, RootCaCrl: at},
	}
	if len(c.Root) != 0 {
		root, err := x509.ParseCertificate(c.Root)
		if err != nil {
			return nil, err
		}
		o.TrustedRoots = x509.NewCertPool()
		o.TrustedRoots.AddCert(root)
	}
	return o, nil
}

// The library refuses every status but UpToDate, and names what it found only in the level itself.
func isStatus(err error) bool {
	return strings.Contains(err.Error(), "TCB Status is not") ||
		strings.Contains(err.Error(), verify.ErrTdxTcbStatus.Error()) ||
		strings.Contains(err.Error(), verify.ErrEnclaveTcbStatus.Error())
}

func (c *testCase) judge() (a answer) {
	defer func() {
		if p := recover(); p != nil {
			a = answer{Verdict: "reject", Message: fmt.Sprint(p), Panic: true}
		}
	}()
	o, err := c.options()
	if err != nil {
		return answer{Verdict: "reject", Message: err.Error()}
	}
	quote, err := abi.QuoteToProto(c.Quote)
	if err == nil {
		err = verify.TdxQuote(quote, o)
	}
	if err == nil {
		return answer{Verdict: "accept", Status: "UpToDate"}
	}
	if !isStatus(err) {
		return answer{Verdict: "reject", Message: err.Error()}
	}
	level, qe, levelsErr := verify.SupportedTcbLevelsFromCollateral(quote, o)
	if levelsErr != nil {
		return answer{Verdict: "reject", Message: levelsErr.Error()}
	}
	status := level.TcbStatus
	if status == pcs.TcbComponentStatusUpToDate {
		status = qe.TcbStatus
	}
	return answer{Verdict: "accept", Status: string(status), Message: err.Error()}
}

func judgeAll() error {
	in := bufio.NewScanner(os.Stdin)
	in.Buffer(nil, 16<<20)
	for in.Scan() {
		var c testCase
		if err := json.Unmarshal(in.Bytes(), &c); err != nil {
			return err
		}
		line, err := json.Marshal(c.judge())
		if err != nil {
			return err
		}
		fmt.Printf("%s\n", line)
	}
	return in.Err()
}

// computed is the processor time of the whole process: Go collects garbage on other threads.
func computed() (ns int64, err error) {
	var t unix.Timespec
	err = unix.ClockGettime(unix.CLOCK_PROCESS_CPUTIME_ID, &t)
	return t.Nano(), err
}

func version() string {
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, module := range info.Deps {
			if module.Path == "github.com/google/go-tdx-guest" {
				return module.Version + ", " + runtime.Version()
			}
		}
	}
	return "unknown"
}

func bench(file string, rounds, batch int) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	var c testCase
	if err := json.Unmarshal(text, &c); err != nil {
		return err
	}
	runtime.GOMAXPROCS(1)
	var took []float64
	for i := 0; i < rounds; i++ {
		start, err := computed()
		if err != nil {
			return err
		}
		for j := 0; j < batch; j++ {
			o, err := c.options()
			if err != nil {
				return err
			}
			if err := verify.RawTdxQuote(c.Quote, o); err != nil {
				return err
			}
		}
		end, err := computed()
		if err != nil {
			return err
		}
		took = append(took, float64(end-start)/float64(batch))
	}
	sort.Float64s(took)
	fmt.Printf("{\"ns\": %.0f, \"version\": %q}\n", took[len(took)/2], version())
	return nil
}

func run(args []string) error {
	switch {
	case len(args) == 1 && args[0] == "judge":
		return judgeAll()
	case len(args) == 4 && args[0] == "bench":
		rounds, err := strconv.Atoi(args[2])
		if err != nil {
			return err
		}
		batch, err := strconv.Atoi(args[3])
		if err != nil {
			return err
		}
		return bench(args[1], rounds, batch)
	}
	return fmt.Errorf("usage: gotdx judge | gotdx bench FILE ROUNDS BATCH")
}

func main() {
	// It would write its warnings among the answers.
	devNull, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err == nil {
		logger.Init("", false, false, devNull)
		err = run(os.Args[1:])
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "gotdx:", err)
		os.Exit(1)
	}
}
