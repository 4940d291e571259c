module seatrial.dev/lab/systems/policy-controller

go 1.25.7

require (
	github.com/sigstore/policy-controller v0.15.1
)

replace (
	github.com/golang/glog => github.com/jdolitsky/glog v0.0.0-20220729172235-78744e90d087
	k8s.io/code-generator => k8s.io/code-generator v0.29.4
)
