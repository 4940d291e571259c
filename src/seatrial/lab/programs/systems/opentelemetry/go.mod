module seatrial.dev/lab/systems/opentelemetry

go 1.24.0

require (
	github.com/open-telemetry/opentelemetry-operator v0.140.0
)
