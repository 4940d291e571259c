package modelserver

import (
	"fmt"
	"maps"
	"slices"
	"time"
)

// exposed is the page of metrics, with the names that vLLM gives them.
func (s *Server) exposed() []byte {
	waiting, running := s.pace.queue()
	x := exposition{labels: fmt.Sprintf(`engine="0",model_name=%s`, encoded(s.Model))}
	x.one("num_requests_running", "gauge", "Requests that run.", float64(running))
	x.one("num_requests_waiting", "gauge", "Requests that wait.", float64(waiting))
	x.one("kv_cache_usage_perc", "gauge", "How much of the key-value cache is held; 1 is all of it.", s.engine.blocks.usage())
	x.one("prefix_cache_queries_total", "counter", "Tokens of prompts that were looked up.", float64(s.engine.blocks.queries))
	x.one("prefix_cache_hits_total", "counter", "Tokens of prompts that were found.", float64(s.engine.blocks.hits))
	x.one("num_preemptions_total", "counter", "Requests that had to give up their blocks.", float64(s.engine.preempted))
	x.one("prompt_tokens_total", "counter", "Tokens of prompts.", float64(s.metrics.prompts))
	x.one("generation_tokens_total", "counter", "Tokens of answers.", float64(s.metrics.generated))
	x.head("request_success_total", "counter", "Requests that ended, by why.")
	for _, why := range slices.Sorted(maps.Keys(s.metrics.ended)) {
		x.value("request_success_total", fmt.Sprintf(`,finished_reason="%s"`, why), float64(s.metrics.ended[why]))
	}
	x.histogram("time_to_first_token_seconds", "Until the first token.", s.metrics.firstToken)
	x.histogram("inter_token_latency_seconds", "Between tokens.", s.metrics.betweenTokens)
	x.histogram("request_time_per_output_token_seconds", "Per token after the first, by request.", s.metrics.perToken)
	x.histogram("e2e_request_latency_seconds", "Of whole requests.", s.metrics.wholeRequest)
	x.histogram("request_queue_time_seconds", "That requests waited.", s.metrics.queued)
	x.histogram("request_prefill_time_seconds", "That reading prompts took.", s.metrics.prefill)
	x.histogram("request_decode_time_seconds", "That making tokens took.", s.metrics.decode)
	x.histogram("request_inference_time_seconds", "That requests ran.", s.metrics.inference)
	x.histogram("request_prompt_tokens", "Tokens of prompts, by request.", s.metrics.promptLength)
	x.histogram("request_generation_tokens", "Tokens of answers, by request.", s.metrics.answerLength)
	x.histogram("iteration_tokens_total", "Tokens that a step computes.", s.metrics.stepLength)
	s.exposeRest(&x)
	return x.text
}

// exposeRest has the series that say in their labels how things are.
func (s *Server) exposeRest(x *exposition) {
	if adapters := s.engine.adapters; len(adapters.served) > 0 {
		x.head("lora_requests_info", "gauge", "Which adapters run and wait, and when that was so.")
		x.text = fmt.Appendf(x.text, "vllm:lora_requests_info{max_lora=\"%d\",running_lora_adapters=%s,waiting_lora_adapters=%s} %.6f\n",
			adapters.most, encoded(named(s.engine.running)), encoded(named(s.engine.waiting)), float64(time.Now().UnixMicro())/1e6)
	}
	x.head("cache_config_info", "gauge", "The size of the key-value cache.")
	x.text = fmt.Appendf(x.text, "vllm:cache_config_info{block_size=\"%d\",engine=\"0\",num_gpu_blocks=\"%d\"} 1\n",
		blockTokens, s.engine.blocks.room)
}
