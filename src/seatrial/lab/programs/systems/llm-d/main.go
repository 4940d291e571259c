// Command llm-d-epp is llm-d's endpoint picker, with its own packages on the framework of the inference extension.
//
// It is upstream's cmd/epp but for the plugins that need llm-d-kv-cache, of which no release is to be had: the precise
// prefix cache and the scorers in the same package. Upstream's configurations for plain and for disaggregated serving use
// none of them.
package main

import (
	"os"

	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/gateway-api-inference-extension/cmd/epp/runner"
	"sigs.k8s.io/gateway-api-inference-extension/pkg/epp/framework/interface/plugin"

	"github.com/llm-d/llm-d-inference-scheduler/pkg/metrics"
	"github.com/llm-d/llm-d-inference-scheduler/pkg/plugins/filter"
	prerequest "github.com/llm-d/llm-d-inference-scheduler/pkg/plugins/pre-request"
	"github.com/llm-d/llm-d-inference-scheduler/pkg/plugins/profile"
)

var plugins = map[string]plugin.FactoryFunc{
	filter.ByLabelType:                      filter.ByLabelFactory,
	filter.ByLabelSelectorType:              filter.ByLabelSelectorFactory,
	filter.DecodeRoleType:                   filter.DecodeRoleFactory,
	filter.PrefillRoleType:                  filter.PrefillRoleFactory,
	prerequest.DisaggHeadersHandlerType:     prerequest.DisaggHeadersHandlerFactory,
	profile.DisaggProfileHandlerType:        profile.DisaggProfileHandlerFactory,
	profile.AlwaysDisaggPDDeciderPluginType: profile.AlwaysDisaggPDDeciderPluginFactory,
	profile.PrefixBasedPDDeciderPluginType:  profile.PrefixBasedPDDeciderPluginFactory,
}

func main() {
	for name, factory := range plugins {
		plugin.Register(name, factory)
	}
	runs := runner.NewRunner().WithCustomCollectors(metrics.GetCollectors()...)
	if err := runs.Run(ctrl.SetupSignalHandler()); err != nil {
		os.Exit(1)
	}
}
