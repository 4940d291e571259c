module seatrial.dev/lab/systems/istio

go 1.24.0

require (
	istio.io/api v1.30.3
)
