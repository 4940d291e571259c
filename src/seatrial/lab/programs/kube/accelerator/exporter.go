package accelerator

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/klog/v2"
)

// exporter answers for the simulated accelerators of a lab in the dialect of one vendor's exporter: for those of the
// real node with what is measured, for those of the fleet with what follows from the pods that hold them.
type exporter struct {
	from      source
	say       dialect
	misbehave Misbehaviours

	lock  sync.Mutex
	first map[string]float64 // how busy each device was when it was first asked: an exporter that is stuck says so for ever
}

// source of readings: all devices that one exporter speaks of.
type source interface {
	readings(ctx context.Context) ([]reading, error)
}

// reading is one device at one moment.
type reading struct {
	Device
	node   string
	driver string
	busy   float64 // share of the last second, from 0 to 1
	used   float64 // bytes
	total  float64 // bytes
	holder holder
	xids   []int // NVIDIA's errors, the newest last
}

// holder is the container that a device was handed to; the zero value is nobody.
type holder struct{ namespace, pod, container string }

type exporterOptions struct {
	node, kubeconfig string
	devices          []string
	driver           string
	podResources     string
	listen           map[string]string // dialect → address
	misbehave        Misbehaviours
}

// ExporterMain serves metrics until a signal ends it, and returns the exit code of the process.
func ExporterMain(args []string) int {
	opts, err := parseExporter(args)
	if errors.Is(err, flag.ErrHelp) {
		return 0
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "exporter:", err)
		return 2
	}
	ctx, cancel := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer cancel()
	if err := opts.run(ctx); err != nil {
		klog.FromContext(ctx).Error(err, "The exporter failed")
		return 1
	}
	return 0
}

func parseExporter(args []string) (*exporterOptions, error) {
	opts := exporterOptions{listen: map[string]string{}}
	flags := flag.NewFlagSet("exporter", flag.ContinueOnError)
	flags.StringVar(&opts.node, "node-name", "", "the real node")
	flags.StringVar(&opts.kubeconfig, "kubeconfig", "", "how to reach the API server")
	flags.StringVar(&opts.driver, "driver-name", "accelerator.seatrial.dev", "the DRA driver of the node's devices")
	flags.StringVar(&opts.podResources, "pod-resources", "/var/lib/kubelet/pod-resources/kubelet.sock", "where the kubelet tells who holds a device")
	flags.Func("devices", "JSON file with devices of the real node; may be repeated", func(file string) error {
		opts.devices = append(opts.devices, file)
		return nil
	})
	flags.Func("listen", "DIALECT=ADDRESS to serve; may be repeated", func(text string) error {
		dialect, address, _ := strings.Cut(text, "=")
		if dialects[dialect] == nil || address == "" {
			return fmt.Errorf("%q is no DIALECT=ADDRESS", text)
		}
		opts.listen[dialect] = address
		return nil
	})
	flags.Func("misbehave", fmt.Sprintf("bugs to have: a list of %v", allMisbehaviours), opts.misbehave.add)
	if err := flags.Parse(args); err != nil {
		return nil, err
	}
	if flags.NArg() > 0 || len(opts.listen) == 0 || opts.kubeconfig == "" {
		return nil, errors.New("give --kubeconfig and at least one --listen, and nothing else")
	}
	return &opts, nil
}

func (o *exporterOptions) run(ctx context.Context) error {
	config, err := clientcmd.BuildConfigFromFlags("", o.kubeconfig)
	if err != nil {
		return err
	}
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return err
	}
	node, err := newNodeSource(o)
	if err != nil {
		return err
	}
	go node.watch(ctx)
	fleet, err := watchFleet(ctx, client)
	if err != nil {
		return err
	}
	failed := make(chan error, len(o.listen))
	for name, address := range o.listen {
		from := source(node)
		if name != ownDialect {
			from = fleet.of(name)
		}
		serve(ctx, address, &exporter{from: from, say: dialects[name], misbehave: o.misbehave, first: map[string]float64{}}, failed)
	}
	select {
	case <-ctx.Done():
		return nil
	case err := <-failed:
		return err
	}
}

func serve(ctx context.Context, address string, handler http.Handler, failed chan<- error) {
	server := &http.Server{
		Addr: address, Handler: handler, ReadHeaderTimeout: 5 * time.Second,
		BaseContext: func(net.Listener) context.Context { return ctx },
	}
	go func() {
		<-ctx.Done()
		_ = server.Close() // whoever is still waiting for an answer sees the connection end
	}()
	go func() {
		if err := server.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
			failed <- err
		}
	}()
}

// ServeHTTP answers at /metrics, in the one dialect of this server.
func (e *exporter) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path != "/metrics" {
		http.NotFound(w, r)
		return
	}
	found, err := e.from.readings(r.Context())
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
	write(w, e.kept(e.say(e.seen(found))))
}

// seen is what the exporter makes of the readings: itself, unless it has a bug.
func (e *exporter) seen(found []reading) []reading {
	e.lock.Lock()
	defer e.lock.Unlock()
	last := map[string]int{}
	for _, one := range found {
		last[one.node] = max(last[one.node], one.Index)
	}
	var seen []reading
	for _, one := range found {
		if e.misbehave.has(MetricsMissADevice) && one.Index == last[one.node] {
			continue
		}
		if first, known := e.first[one.UUID]; !known {
			e.first[one.UUID] = one.busy
		} else if e.misbehave.has(MetricsFrozen) {
			one.busy = first
		}
		seen = append(seen, one)
	}
	return seen
}

func (e *exporter) kept(families []family) []family {
	if !e.misbehave.has(MetricsWithoutMemory) {
		return families
	}
	return slices.DeleteFunc(families, func(one family) bool { return one.memory })
}
