module teereg.test/gotdx

go 1.24

require (
	github.com/google/go-tdx-guest v0.3.2-0.20260305110651-91f9a52f36c7
	github.com/google/logger v1.1.1
	golang.org/x/sys v0.19.0
)

require (
	go.uber.org/multierr v1.11.0 // indirect
	golang.org/x/crypto v0.17.0 // indirect
	google.golang.org/protobuf v1.34.2 // indirect
)
