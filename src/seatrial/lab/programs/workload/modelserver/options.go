package modelserver

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"
	"time"
)

const (
	fixedMode, modelMode      = "fixed", "model"
	roleBoth                  = "both"
	rolePrefill, roleDecode   = "prefill", "decode"
	perPrompt                 = 50 * time.Microsecond
	perStep                   = 2 * time.Millisecond
	longestContext, recordsIn = 1 << 17, 500_000
)

// Options is what a server is told at its start.
type Options struct {
	Name, Host, Model, Mode   string
	Port                      int
	Seed                      uint64
	Quiet, Strict, EveryToken bool
	UntilEOF                  bool // of its standard input: so it does not outlive whoever started it
	Tokens, Longest           int

	First, Gap time.Duration // fixed mode

	Costs                 Costs // model mode
	Slots, Budget, Blocks int
	Adapters              []string
	AdaptersAtOnce        int
	Role, Prefiller       string

	Certificate, Key, Clients string
	Keep                      int
	TruthFile                 string
	Misbehave                 string
	Share, Vary               float64
}

func parse(args []string) (options Options, err error) {
	flags := flag.NewFlagSet("model-server", flag.ContinueOnError)
	options.add(flags)
	options.addModel(flags)
	flags.SetOutput(io.Discard) // what is wrong is one line, without all flags behind it
	err = flags.Parse(args)
	switch {
	case err == nil:
		err = options.check(flags)
	case errors.Is(err, flag.ErrHelp):
		flags.SetOutput(os.Stdout)
		flags.PrintDefaults()
	}
	return options, err
}

func (o *Options) add(flags *flag.FlagSet) {
	host, _ := os.Hostname()
	flags.StringVar(&o.Name, "name", host, "who this is")
	flags.StringVar(&o.Host, "host", "", "the address to listen on; all of them unless given")
	flags.IntVar(&o.Port, "port", 8000, "where to listen; 0 takes any that is free")
	flags.StringVar(&o.Model, "model", "simulated", "what it calls its model")
	flags.BoolVar(&o.Strict, "strict", false, "refuse names of models that it does not have")
	flags.Uint64Var(&o.Seed, "seed", 1, "of the words that it answers, and of all else that varies")
	flags.BoolVar(&o.Quiet, "quiet", false, "print no line for each request")
	flags.BoolVar(&o.UntilEOF, "until-eof", false, "end when standard input does")
	flags.IntVar(&o.Tokens, "tokens", 16, "how long answers are, where a request does not say")
	flags.Float64Var(&o.Vary, "vary", 0, "by which share answers may be shorter, as if they ended by themselves; ignore_eos forbids that")
	flags.IntVar(&o.Longest, "longest", longestContext, "tokens that a prompt and its answer may have together")
	flags.StringVar(&o.Certificate, "tls-certificate", "", "a file with its certificate")
	flags.StringVar(&o.Key, "tls-key", "", "the file with the key of that")
	flags.StringVar(&o.Clients, "tls-clients", "", "a file with the authorities whose clients may come; none others may then")
	flags.IntVar(&o.Keep, "truth-keep", recordsIn, "how many records /truth goes back")
	flags.StringVar(&o.TruthFile, "truth", "", "a file for a record of each request, as lines of JSON")
	flags.BoolVar(&o.EveryToken, "every-token", false, "write down the time of every token")
	flags.StringVar(&o.Misbehave, "misbehave", "", "how answers go wrong, such as stall=500ms@10,no-done")
	flags.Float64Var(&o.Share, "misbehave-share", 1, "how many of them do, as a share of all")
}

func (o *Options) addModel(flags *flag.FlagSet) {
	flags.StringVar(&o.Mode, "mode", modelMode, "model (what work costs) or fixed (stated times, whatever else goes on)")
	flags.DurationVar(&o.First, "ttft", 50*time.Millisecond, "fixed: the first token after the request")
	flags.DurationVar(&o.Gap, "gap", 20*time.Millisecond, "fixed: each token after the one before")
	flags.DurationVar(&o.Costs.Step, "step", perStep, "model: what a step takes")
	flags.DurationVar(&o.Costs.PerSequence, "per-sequence", 0, "model: more of it for each sequence but the first")
	flags.DurationVar(&o.Costs.PerPrompt, "per-prompt-token", perPrompt, "model: more of it for each token of a prompt")
	flags.DurationVar(&o.Costs.PerContext, "per-context-token", 0, "model: more of it for each token that is looked back at")
	flags.DurationVar(&o.Costs.AdapterLoad, "adapter-load", 0, "model: more of it for each adapter that is loaded")
	flags.Float64Var(&o.Costs.Jitter, "jitter", 0, "model: by which share steps vary")
	flags.IntVar(&o.Slots, "parallel", 4, "model: how many requests run at once; the others wait")
	flags.IntVar(&o.Budget, "budget", 8192, "model: how many tokens a step computes at most")
	flags.IntVar(&o.Blocks, "blocks", 4096, "model: how many blocks of 16 tokens the key-value cache has")
	flags.Func("adapters", "model: LoRA adapters that it serves, with commas between", func(text string) error {
		o.Adapters = strings.FieldsFunc(text, func(r rune) bool { return r == ',' })
		return nil
	})
	flags.IntVar(&o.AdaptersAtOnce, "adapters-at-once", 4, "model: how many of them are loaded at once")
	flags.StringVar(&o.Role, "role", roleBoth, "both, prefill or decode")
	flags.StringVar(&o.Prefiller, "prefiller", "",
		"the URL of the server that prefills for one that decodes; without it the cache comes with each request")
}

func (o *Options) check(flags *flag.FlagSet) error {
	var negative, useless []string
	flags.Visit(func(given *flag.Flag) {
		if strings.HasPrefix(given.Value.String(), "-") {
			negative = append(negative, "--"+given.Name)
		}
		if mode, _, is := strings.Cut(given.Usage, ": "); is && (mode == fixedMode || mode == modelMode) && mode != o.Mode {
			useless = append(useless, "--"+given.Name)
		}
	})
	switch {
	case flags.NArg() > 0:
		return fmt.Errorf("there is no use for %s", strings.Join(flags.Args(), " "))
	case o.Mode != fixedMode && o.Mode != modelMode:
		return fmt.Errorf("there is no mode %q: fixed, model", o.Mode)
	case len(negative) > 0:
		return fmt.Errorf("%s: nothing here is negative", strings.Join(negative, ", "))
	case len(useless) > 0:
		return fmt.Errorf("%s: of no use in mode %s", strings.Join(useless, ", "), o.Mode)
	case o.Role != roleBoth && o.Role != rolePrefill && o.Role != roleDecode:
		return fmt.Errorf("there is no role %q: both, prefill, decode", o.Role)
	case o.Prefiller != "" && o.Role != roleDecode:
		return errors.New("a --prefiller goes with --role decode alone")
	case min(o.Slots, o.Blocks, o.Budget, o.Tokens, o.Longest, o.Keep, o.AdaptersAtOnce) < 1:
		return errors.New("--parallel, --blocks, --budget, --tokens, --longest, --truth-keep and --adapters-at-once begin at 1")
	case o.Model == "" || strings.Contains(o.Model, waysMark):
		return fmt.Errorf("a model needs a name, and none with %q in it", waysMark)
	case o.Costs.Jitter < 0 || o.Costs.Jitter >= 1 || min(o.Share, o.Vary) < 0 || max(o.Share, o.Vary) > 1:
		return errors.New("--jitter, --vary and --misbehave-share are shares, between 0 and 1")
	case (o.Certificate == "") != (o.Key == "") || o.Clients != "" && o.Certificate == "":
		return errors.New("--tls-certificate and --tls-key go together, and --tls-clients with both")
	case o.Port < 0 || o.Port > 1<<16-1:
		return fmt.Errorf("there is no port %d", o.Port)
	case !harmless(o.Name):
		return fmt.Errorf("%q is no name: it stands in headers", o.Name)
	}
	_, err := parseWays(o.Misbehave)
	return err
}
